import FoundationEssentials
import ServerSupport

/// The committed records of each kind, by the decoder that reads them.
struct GoldenRecords {
    private(set) var records: [String: [[UInt8]]] = [:]

    /// - Throws: Where the folder has no records, or one that none of `kinds` reads: so a new kind of record cannot be forgotten.
    init(folder: String, kinds: [String]) throws {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".hex") }.sorted() } catch {
            throw SupportError("the golden records in '\(folder)' cannot be read (\(error)): start in the repository, or name them with --golden")
        }
        for name in names {
            // The longest name that fits, which is the file's up to a word on what is special about it.
            guard let kind = kinds.filter({ name == "\($0).hex" || name.hasPrefix("\($0)-") }).max(by: { $0.count < $1.count }) else {
                throw SupportError("no decoder reads the golden record '\(name)': add one to eventhorizon-fuzz, named as the file begins")
            }
            let text = String(decoding: try Data(contentsOf: URL(filePath: "\(folder)/\(name)")), as: UTF8.self)
            guard let bytes = Hex.bytes(text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }.joined()) else {
                throw SupportError("the golden record '\(name)' is not hexadecimal: restore it from git")
            }
            records[kind, default: []].append(bytes)
        }
        for kind in kinds where records[kind] == nil {
            throw SupportError("the decoder '\(kind)' has no golden record in '\(folder)': add \(kind).hex")
        }
    }
}
