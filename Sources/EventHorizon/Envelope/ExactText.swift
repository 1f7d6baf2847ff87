/// A text that equals another only if their UTF-8 bytes are the same.
///
/// Swift's strings are equal by canonical equivalence: "ü" as one character and as two are one string and two byte sequences, which lie in different
/// partitions and subjects. Identifiers are what their bytes are.
package struct ExactText: Hashable, Sendable {
    package let text: String
    package init(_ text: String) { self.text = text }

    package static func == (a: Self, b: Self) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        if isHashed == nil { for byte in text.utf8 { hasher.combine(byte) } }
    }
}
