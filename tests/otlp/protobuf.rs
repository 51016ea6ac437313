//! Protocol Buffers as they are on the wire, without a schema: fields by number.

/// A message: its fields, in their order.
pub(crate) struct Message<'a>(Vec<(u64, Value<'a>)>);

#[derive(Clone, Copy)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Message<'a> {
    /// Panics where the bytes are none.
    pub(crate) fn read(mut bytes: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let value = match key & 7 {
                0 => Value::Number(varint(&mut bytes)),
                1 => Value::Number(u64::from_le_bytes(take(&mut bytes, 8).try_into().unwrap())),
                2 => {
                    let length = varint(&mut bytes);
                    Value::Bytes(take(&mut bytes, usize::try_from(length).unwrap()))
                }
                5 => {
                    let number = u32::from_le_bytes(take(&mut bytes, 4).try_into().unwrap());
                    Value::Number(number.into())
                }
                other => panic!("no such wire type: {other}"),
            };
            fields.push((key >> 3, value));
        }
        Self(fields)
    }

    fn all(&self, field: u64) -> impl Iterator<Item = Value<'a>> {
        self.0.iter().filter(move |(number, _)| *number == field).map(|(_, value)| *value)
    }

    /// The messages of a repeated field.
    pub(crate) fn messages(&self, field: u64) -> impl Iterator<Item = Message<'a>> {
        self.bytes(field).map(Message::read)
    }

    /// The values of a field of bytes or text.
    pub(crate) fn bytes(&self, field: u64) -> impl Iterator<Item = &'a [u8]> {
        self.all(field).filter_map(|value| match value {
            Value::Bytes(bytes) => Some(bytes),
            Value::Number(_) => None,
        })
    }

    /// The text of a field; empty where there is none.
    pub(crate) fn text(&self, field: u64) -> String {
        String::from_utf8(self.bytes(field).next().unwrap_or_default().to_vec()).unwrap()
    }

    /// The bytes of a field in hex; empty where there are none.
    pub(crate) fn hex(&self, field: u64) -> String {
        let bytes = self.bytes(field).next().unwrap_or_default();
        bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    /// The number of a field, where there is one.
    pub(crate) fn number(&self, field: u64) -> Option<u64> {
        self.all(field).find_map(|value| match value {
            Value::Number(number) => Some(number),
            Value::Bytes(_) => None,
        })
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return number;
        }
    }
    panic!("a number of more than ten bytes")
}
