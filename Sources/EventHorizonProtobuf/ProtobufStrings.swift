/// C strings that live until their message is packed.
public struct ProtobufStrings: ~Copyable {
    private var pointers: [UnsafeMutablePointer<CChar>] = []
    /// A C string ends at its first NUL: a text that holds one would be cut short on the wire.
    private(set) var holdsNUL = false
    init() {}

    public mutating func callAsFunction(_ string: String) -> UnsafeMutablePointer<CChar> {
        let characters = string.utf8CString
        if characters.dropLast().contains(0) { holdsNUL = true }
        let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: characters.count)
        for (index, character) in characters.enumerated() { pointer[index] = character }
        pointers.append(pointer)
        return pointer
    }

    deinit { for pointer in pointers { pointer.deallocate() } }
}
