/// The number of cases of an enum, from the runtime's type descriptor; nil for other types.
///
/// Codable does not tell a case that `CodingKeys` leaves out until a value of it is encoded. So this reads what Swift's stable ABI lays down
/// (docs/ABI/TypeMetadata.rst): a type's metadata begins with its kind and its descriptor; an enum's descriptor holds the count of cases with
/// payload (24 bits) and of those without after five 32-bit words. Read only, of a type that exists: nothing here can be dangling.
func caseCount(of type: any Any.Type) -> Int? {
    let enumeration: UInt = 0x201
    let metadata = unsafeBitCast(type, to: UnsafeRawPointer.self)
    guard metadata.load(as: UInt.self) == enumeration else { return nil }
    let descriptor = metadata.load(fromByteOffset: MemoryLayout<UInt>.size, as: UnsafeRawPointer.self)
    let withPayload = descriptor.load(fromByteOffset: 20, as: UInt32.self) & 0xFF_FFFF
    let withoutPayload = descriptor.load(fromByteOffset: 24, as: UInt32.self)
    return Int(withPayload) + Int(withoutPayload)
}
