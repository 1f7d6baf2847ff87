/// Something that reads bytes from outside.
struct ForeignDecoder {
    enum Verdict: Equatable {
        case accepted, refused
        /// What was read does not last, or was refused without a word.
        case broken(String)
    }

    /// Static, so that a signal handler can say it.
    let staticName: StaticString
    var name: String { "\(staticName)" }
    /// What it reads when nothing is wrong: inputs are mutations of these.
    var samples: [[UInt8]]
    /// The bytes are valid during the call.
    let read: (UnsafeRawBufferPointer) -> Verdict

    init(_ name: StaticString, samples: [[UInt8]] = [], read: @escaping (UnsafeRawBufferPointer) -> Verdict) {
        staticName = name
        self.samples = samples
        self.read = read
    }

    /// One of texts.
    init(_ name: StaticString, texts: [String], read: @escaping (UnsafeRawBufferPointer) -> Verdict) {
        self.init(name, samples: texts.map { Array($0.utf8) }, read: read)
    }

    /// Every decoder there is. `make lint` looks for those that are missing.
    static func all() throws -> [ForeignDecoder] { [wire(), headers(), payloads(), texts(), try nats(), kafka()].flatMap { $0 } }
}
