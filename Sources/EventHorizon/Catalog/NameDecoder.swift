/// The mirror of `NameEncoder`: gives the message's name as the one key, and the payload as the values under it.
package struct NameDecoder: Decoder {
    let name: String
    let inner: any Decoder
    private let message: any SendableMetatype.Type

    package init<M: Message>(of message: M.Type, name: String, _ inner: any Decoder) {
        self.name = name
        self.inner = inner
        self.message = message
    }

    private var refusal: PayloadError { .unnamed(message: "\(message)") }

    package var codingPath: [any CodingKey] { inner.codingPath }
    package var userInfo: [CodingUserInfoKey: Any] { inner.userInfo }
    package func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let key = Key(stringValue: name) else { throw PayloadError.unlisted(name: name) }
        return .init(Names<Key>(key: key, inner: inner, refusal: refusal))
    }
    package func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw refusal }
    package func singleValueContainer() throws -> any SingleValueDecodingContainer { throw refusal }

    struct Names<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let key: Key
        let inner: any Decoder
        let refusal: PayloadError
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { [key] }
        func contains(_ key: Key) -> Bool { key.stringValue == self.key.stringValue }
        func decodeNil(forKey key: Key) throws -> Bool { false }
        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { throw refusal }
        func nestedContainer<N: CodingKey>(keyedBy type: N.Type, forKey key: Key) throws -> KeyedDecodingContainer<N> {
            try inner.container(keyedBy: N.self)
        }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw refusal }
        func superDecoder() throws -> any Decoder { throw refusal }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw refusal }
    }
}
