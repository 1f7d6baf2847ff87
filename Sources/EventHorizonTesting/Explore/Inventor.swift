/// Makes values up by seed: any Codable message can be generated, and its payload's shape recorded, with no help from its author.
final class Inventor {
    private var state: UInt64
    /// The types that are being made, the outermost first.
    private var making: [(type: ObjectIdentifier, path: String)] = []
    private var recursions = 0
    /// What each field of the payload is, by its path; filled as values are made. A type inside itself is noted as such and not taken apart again.
    private(set) var shape: [String: String] = [:]

    /// Deeper than this, lists are empty and what is optional is absent, so that types that hold themselves come to an end.
    private static let deepest = 8
    /// Some types read only some values: a UUID its text, an enum its raw values. Others are tried before giving up.
    private static let attempts = 64

    init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }

    func pick<Value>(_ values: [Value]) -> Value { values[Int(next() % UInt64(values.count))] }

    func note(_ kind: String, at path: String) { if recursions == 0, !path.isEmpty { shape[path] = kind } }
    func noteOptional(at path: String) { if let kind = shape[path], recursions == 0 { shape[path] = kind + "?" } }

    var isDeep: Bool { making.count >= Self.deepest }
    func isAbsent() -> Bool { isDeep || next() % 3 == 0 }

    func value<T: Decodable>(_ type: T.Type, _ path: String) throws -> T {
        if let (kind, primitive) = primitive(type), let value = primitive as? T {
            note(kind, at: path)
            return value
        }
        if let cases = T.self as? any (CaseIterable & Decodable).Type, let value = try pick(of: cases, path) as? T { return value }
        guard making.count <= 2 * Self.deepest else { throw InventionError(type: "\(T.self)", path: path, reason: "it holds itself without end") }
        let outer = making.first { $0.type == ObjectIdentifier(T.self) }
        if let outer {
            note("like \(outer.path)", at: path)
            recursions += 1
        }
        making.append((type: ObjectIdentifier(T.self), path: path))
        defer {
            making.removeLast()
            if outer != nil { recursions -= 1 }
        }
        var last: (any Error)?
        for _ in 0..<Self.attempts {
            do {
                return try T(from: InventingDecoder(inventor: self, path: path))
            } catch let error as InventionError {
                throw error
            } catch { last = error }
        }
        throw InventionError(type: "\(T.self)", path: path, reason: last.map { "\($0)" } ?? "")
    }

    private func primitive(_ type: any Decodable.Type) -> (kind: String, value: any Decodable)? {
        switch type {
        case is String.Type:
            ("string", pick(["", "a", "olympus", "Zoë", "'", "3F2504E0-4F89-41D3-9A0C-0305E82C3301", "https://example.com/a", "42"]))
        case is Bool.Type: ("bool", next() % 2 == 0)
        case is Double.Type: ("double", Double(next() % 100) / 4)
        case is Float.Type: ("float", Float(next() % 100) / 4)
        case is Int.Type: ("int", pick([0, 1, -1, 2, 42, Int.max]))
        case is Int8.Type: ("int8", pick([0, 1, -1, Int8.max]))
        case is Int16.Type: ("int16", pick([0, 1, -1, Int16.max]))
        case is Int32.Type: ("int32", pick([0, 1, -1, Int32.max]))
        case is Int64.Type: ("int64", pick([0, 1, -1, Int64.max]))
        case is UInt.Type: ("uint", pick([0, 1, 2, 42, UInt(Int.max)]))
        case is UInt8.Type: ("uint8", pick([0, 1, UInt8.max]))
        case is UInt16.Type: ("uint16", pick([0, 1, UInt16.max]))
        case is UInt32.Type: ("uint32", pick([0, 1, UInt32.max]))
        case is UInt64.Type: ("uint64", pick([0, 1, UInt64(Int64.max)]))
        default: nil
        }
    }

    private func pick<Cases: CaseIterable & Decodable>(of type: Cases.Type, _ path: String) throws -> Cases {
        let all = Array(Cases.allCases)
        guard !all.isEmpty else { throw InventionError(type: "\(Cases.self)", path: path, reason: "it has no cases") }
        note(all.map { ($0 as? any RawRepresentable).map { "\($0.rawValue)" } ?? "\($0)" }.joined(separator: " | "), at: path)
        return pick(all)
    }
}

/// A type that no value could be made of.
struct InventionError: Error, CustomStringConvertible {
    var type: String
    var path: String
    var reason: String
    var description: String {
        "no \(type) can be made up\(path.isEmpty ? "" : " for '\(path)'"): "
            + "conform it to CaseIterable, with the values to try as its cases (\(reason))"
    }
}
