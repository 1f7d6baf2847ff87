extension MessageCatalog {
    /// One line of a catalog.
    public struct Rule: Sendable {
        package enum Kind: Sendable {
            case alias(Name)
            case upcast(Upcaster)
            case payload(Name, HandMade)
            case format(Name, any PayloadFormat)
        }
        package let name: String
        package let kind: Kind

        /// A name that older records bear, with the payload of `name`.
        public static func renamed(_ old: String, to name: Name) -> Self { Self(name: old, kind: .alias(name)) }

        /// Records of `name` up to schema version `schema` hold an `Old`. New ones are written as `schema + 1`.
        public static func upcast<Old: Decodable & SendableMetatype>(
            _ name: Name, from: Old.Type, schema: Int, _ upcast: @escaping @Sendable (Old) throws -> [Body]
        ) -> Self {
            Self(name: name.rawValue, kind: .upcast(Upcaster(schema: schema, from: Old.self, upcast)))
        }

        /// Records of a name that is written no more hold an `Old`: none, one or many of today's messages.
        public static func upcast<Old: Decodable & SendableMetatype>(
            _ old: String, from: Old.Type, _ upcast: @escaping @Sendable (Old) throws -> [Body]
        ) -> Self {
            Self(name: old, kind: .upcast(Upcaster(schema: nil, from: Old.self, upcast)))
        }

        /// Records of this name say nothing today.
        public static func retired(_ old: String) -> Self { Self(name: old, kind: .upcast(Upcaster(schema: nil) { _, _ in [] })) }

        /// The payload of `name` is written in another Codable format.
        public static func format(_ format: any PayloadFormat, _ name: Name) -> Self { Self(name: name.rawValue, kind: .format(name, format)) }

        /// The payload of `name` is made and read by hand, as by a protobuf library.
        public static func payload(
            _ name: Name, contentType: String, encode: @escaping @Sendable (Body) throws -> [UInt8],
            decode: @escaping @Sendable ([UInt8]) throws -> Body
        ) -> Self {
            Self(name: name.rawValue, kind: .payload(name, HandMade(contentType: contentType, encode: encode, decode: decode)))
        }
    }

    /// Makes today's messages of an older record.
    package struct Upcaster: Sendable {
        /// The last schema version that it reads; nil: of a name that is written no more.
        package let schema: Int?
        /// The format is asked for only where the record is read at all.
        let upcast: @Sendable (Payload, () throws -> any PayloadFormat) throws -> [Body]

        init(schema: Int?, _ upcast: @escaping @Sendable (Payload, () throws -> any PayloadFormat) throws -> [Body]) {
            self.schema = schema
            self.upcast = upcast
        }

        init<Old: Decodable & SendableMetatype>(schema: Int?, from: Old.Type, _ upcast: @escaping @Sendable (Old) throws -> [Body]) {
            self.init(schema: schema) { payload, format in try upcast(format().decode(payload.bytes) { try Old(from: $0) }) }
        }
    }

    package struct HandMade: Sendable {
        package let contentType: String
        let encode: @Sendable (Body) throws -> [UInt8]
        let decode: @Sendable ([UInt8]) throws -> Body
    }
}
