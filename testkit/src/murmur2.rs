//! Where Kafka's own partitioner puts a key, as Java computed it
//! (`tests/kafka/Murmur2Vectors.java`).

/// The numbers of partitions that a vector is for.
pub const PARTITIONS: [i32; 4] = [1, 6, 7, 60];

/// A key and its partition of each of [`PARTITIONS`].
#[derive(Debug, Clone)]
pub struct Vector {
    /// As a record has it.
    pub key: String,
    /// Of the key's bytes, as Java has it: with a sign.
    pub hash: i32,
    /// One for each number of partitions.
    pub partition_of: [i32; 4],
}

/// Keys of every tail length, app ids as the provider makes them, UTF-8, and the longest that may
/// be.
pub fn vectors() -> Vec<Vector> {
    include_str!("../../tests/kafka/murmur2.tsv").lines().skip(1).map(parse).collect()
}

fn parse(line: &str) -> Vector {
    let mut columns = line.split('\t');
    let key = columns.next().expect("a key");
    let mut number = || columns.next().expect("a number").parse().unwrap();
    Vector { key: from_hex(key), hash: number(), partition_of: PARTITIONS.map(|_| number()) }
}

fn from_hex(hex: &str) -> String {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    String::from_utf8((0..hex.len()).step_by(2).map(byte).collect()).unwrap()
}
