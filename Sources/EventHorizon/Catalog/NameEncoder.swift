/// Takes the name of an enum's case as the message's name and lets the values under it be the whole payload.
///
/// Synthesized Codable writes an enum as one key, the case, with its values nested under it. Whatever else is written to this encoder is a
/// hand-written Codable, which has no name: an error, never a trap.
package final class NameEncoder: Encoder {
    /// Where the values go; nil: only the name is wanted.
    let inner: (any Encoder)?
    private let message: any SendableMetatype.Type
    private let keys: any CodingKey.Type
    private var found: String?
    private var isHandWritten = false

    package init<M: Message>(of message: M.Type, writingTo inner: (any Encoder)?) {
        self.inner = inner
        self.message = message
        keys = M.CodingKeys.self
    }

    /// The name of what was encoded.
    /// - Throws: `PayloadError.unnamed` where it was written by hand.
    package var name: String {
        get throws {
            guard let found, !isHandWritten else { throw refusal }
            return found
        }
    }

    var refusal: PayloadError { .unnamed(message: "\(message)") }

    package var codingPath: [any CodingKey] { inner?.codingPath ?? [] }
    package var userInfo: [CodingUserInfoKey: Any] { inner?.userInfo ?? [:] }

    package func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if type != keys { isHandWritten = true }
        return .init(Names<Key>(encoder: self))
    }
    package func unkeyedContainer() -> any UnkeyedEncodingContainer { refuse() }
    package func singleValueContainer() -> any SingleValueEncodingContainer { refuse() }

    private func refuse() -> Refusing {
        isHandWritten = true
        return Refusing(error: refusal)
    }

    struct Names<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let encoder: NameEncoder
        var codingPath: [any CodingKey] { [] }
        mutating func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
            guard encoder.found == nil else { return .init(Nowhere<Nested>(error: encoder.refuse().error)) }
            encoder.found = key.stringValue
            return encoder.inner?.container(keyedBy: Nested.self) ?? .init(Nowhere<Nested>(error: Stop()))
        }
        mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { encoder.refuse() }
        mutating func superEncoder() -> any Encoder { encoder.refuse() }
        mutating func superEncoder(forKey key: Key) -> any Encoder { encoder.refuse() }
        mutating func encodeNil(forKey key: Key) throws { throw encoder.refuse().error }
        mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws { throw encoder.refuse().error }
    }

    /// Thrown at the first value where only the name is wanted.
    struct Stop: Error {}

    /// Takes no value.
    struct Nowhere<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let error: any Error
        var codingPath: [any CodingKey] { [] }
        mutating func encodeNil(forKey key: Key) throws { throw error }
        mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws { throw error }
        mutating func nestedContainer<N: CodingKey>(keyedBy: N.Type, forKey key: Key) -> KeyedEncodingContainer<N> { .init(Nowhere<N>(error: error)) }
        mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { Refusing(error: error) }
        mutating func superEncoder() -> any Encoder { Refusing(error: error) }
        mutating func superEncoder(forKey key: Key) -> any Encoder { Refusing(error: error) }
    }

    /// Takes no value, where Codable's interface does not let the refusal be thrown at once.
    struct Refusing: Encoder, UnkeyedEncodingContainer, SingleValueEncodingContainer {
        let error: any Error
        var codingPath: [any CodingKey] { [] }
        var userInfo: [CodingUserInfoKey: Any] { [:] }
        var count: Int { 0 }
        func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> { .init(Nowhere<Key>(error: error)) }
        func unkeyedContainer() -> any UnkeyedEncodingContainer { self }
        func singleValueContainer() -> any SingleValueEncodingContainer { self }
        func encodeNil() throws { throw error }
        func encode<T: Encodable>(_ value: T) throws { throw error }
        func nestedContainer<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> { .init(Nowhere<Key>(error: error)) }
        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { self }
        func superEncoder() -> any Encoder { self }
    }
}
