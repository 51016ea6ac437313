#!/usr/bin/env bash
# btrfs of Linux 6.18, made by btrfs-progs 6.2 (Debian 12). Needs root, a loop device and python3.
#
# A good guess: room that `fallocate` has set apart and that was written and synced can be written again on a full disk.
# What happens: the first write of such a block goes where the room is; every later one needs a new place, and on a full disk fails with ENOSPC,
# though the file does not grow. A file that got the flag NOCOW (`chattr +C`) while it was empty is overwritten in place as often as one likes.
#
# Seen:
#   as before: first writes of allocated room: 16 of 16
#   as before: overwrites: 0 of 16
#   as before: overwrites with NOCOW: 16 of 16
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
[[ $(id -u) == 0 ]] && command -v mkfs.btrfs >/dev/null || exit 2
uname -r
mkfs.btrfs --version
mkdir disk
truncate -s 114M image
mkfs.btrfs -q image >mkfs.log 2>&1 && mount -o loop image disk || { cat mkfs.log; exit 2; }
unmounted() {
    umount -l "$work/disk"
    at_end
}
trap unmounted EXIT
python3 - <<'END' >seen
import fcntl
import os
import struct

SET_FLAGS, NOCOW, BLOCK = 0x40086602, 0x00800000, 4096


def made(name, flags):
    file = os.open(f"disk/{name}", os.O_RDWR | os.O_CREAT)
    if flags:
        fcntl.ioctl(file, SET_FLAGS, struct.pack("l", flags))
    os.posix_fallocate(file, 0, 16 * BLOCK)
    os.fsync(file)
    return file


def written(file):
    count = 0
    for block in range(16):
        try:
            os.pwrite(file, bytes([block + 1]) * BLOCK, block * BLOCK)
            os.fdatasync(file)
            count += 1
        except OSError:
            pass
    return f"{count} of 16"


plain, in_place = made("plain", 0), made("in-place", NOCOW)
written(in_place)
filler = os.open("disk/filler", os.O_RDWR | os.O_CREAT)
end = 0
for piece in (16 << 20, 1 << 20, 64 << 10, BLOCK):
    try:
        while True:
            os.posix_fallocate(filler, end, piece)
            end += piece
    except OSError:
        pass
os.fsync(filler)
print(written(plain))
print(written(plain))
print(written(in_place))
END
mapfile -t seen <seen
expect "first writes of allocated room" "${seen[0]}" "16 of 16"
expect "overwrites" "${seen[1]}" "0 of 16"
expect "overwrites with NOCOW" "${seen[2]}" "16 of 16"
