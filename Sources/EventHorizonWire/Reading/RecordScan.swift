/// Walks the fields of a record without taking it apart.
enum RecordScan {
    /// Calls `visit` with the number of each field of the outermost message, in order, up to the end or to the first byte that is no protobuf:
    /// that is for whoever takes the record apart to say.
    @inline(__always)
    static func fields(of bytes: UnsafeRawBufferPointer, _ visit: (UInt64) -> Void) {
        var at = 0
        while at < bytes.count {
            guard let tag = varint(bytes, &at) else { return }
            visit(tag >> 3)
            switch tag & 7 {
            case 0: guard varint(bytes, &at) != nil else { return }
            case 1: at += 8
            case 2:
                guard let length = varint(bytes, &at), length <= UInt64(bytes.count - at) else { return }
                at += Int(length)
            case 5: at += 4
            default: return
            }
        }
    }

    @inline(__always)
    private static func varint(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while at < bytes.count, shift < 64 {
            let byte = bytes[at]
            at += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
