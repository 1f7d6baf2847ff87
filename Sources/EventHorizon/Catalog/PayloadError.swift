/// Why a payload cannot be written or read.
public enum PayloadError: Error, Equatable, CustomStringConvertible {
    /// No name of the catalog is this one.
    case unlisted(name: String)
    /// The record was written by a newer build.
    case future(name: String, schema: Int, known: Int)
    /// No format of this worker reads this media type.
    case contentType(String, name: String)
    /// The message's type does not encode as an enum with names.
    case unnamed(message: String)

    public var description: String {
        switch self {
        case .unlisted(let name): "the type '\(name)' is in no catalog of this worker: add it to its CodingKeys, or retire it in the catalog"
        case .future(let name, let schema, let known):
            "'\(name)' has schema version \(schema), this build knows up to \(known): deploy readers before writers"
        case .contentType(let type, let name): "'\(name)' is written as '\(type)', which no payload format of this worker reads: add the format"
        case .unnamed(let message):
            "\(message) has no durable name: a message is an enum with synthesized Codable and a name for each case in its CodingKeys"
        }
    }

    /// Whether the record is of a type or in a way that this build does not know at all: in an aggregate's own stream, another build's.
    package var isWrittenByAnotherBuild: Bool {
        switch self {
        case .unlisted, .future, .contentType: true
        case .unnamed: false
        }
    }

    /// Whether a newer build wrote the record: no poison, a newer build reads it.
    public var isFuture: Bool { if case .future = self { true } else { false } }
}
