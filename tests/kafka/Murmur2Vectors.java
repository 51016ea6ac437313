// Prints tests/kafka/murmur2.tsv: what Kafka's own partitioner makes of keys, for the test that ours agrees.
// With the jars that any test with a real Kafka leaves in cargo's target folder:
//
//     java -Dfile.encoding=UTF-8 -cp 'target/tmp/kafka-4.3.1.jars/*' tests/kafka/Murmur2Vectors.java > tests/kafka/murmur2.tsv

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

import org.apache.kafka.common.utils.Utils;

class Murmur2Vectors {
    static final int[] PARTITIONS = {1, 6, 7, 60};

    public static void main(String[] args) {
        System.out.println("key in hex\tmurmur2\tof 1\tof 6\tof 7\tof 60");
        // Every length of the tail, as the hash takes four bytes at a time.
        IntStream.rangeClosed(1, 7).forEach(length -> print("abcdefg".substring(0, length)));
        // App ids as the provider makes them.
        List.of("5f3a9c1e7d2b4a0012c4e8f1", "60b7e2d49f1c3a0019ad5577", "000000000000000000000000",
            "ffffffffffffffffffffffff", "60ad1c4f7fa1d3e7b9c8a5e2").forEach(Murmur2Vectors::print);
        List.of("App", "my-app_1.2", "with space", "a/b?c=d&e#f").forEach(Murmur2Vectors::print);
        // Bytes over 127, which Java sees as negative.
        List.of("ü", "приложение", "应用程序", "📹🎥", "\u00ff").forEach(Murmur2Vectors::print);
        // The longest that an app_id may be.
        List.of("x".repeat(255), "x".repeat(256), "é".repeat(128)).forEach(Murmur2Vectors::print);
    }

    static void print(String text) {
        byte[] key = text.getBytes(StandardCharsets.UTF_8);
        int hash = Utils.murmur2(key);
        StringBuilder line = new StringBuilder(HexFormat.of().formatHex(key)).append('\t').append(hash);
        for (int partitions : PARTITIONS) {
            line.append('\t').append(Utils.toPositive(hash) % partitions);
        }
        System.out.println(line);
    }
}
