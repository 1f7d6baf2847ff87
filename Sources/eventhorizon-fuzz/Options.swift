import ServerSupport

/// What the program was asked to do.
struct Options {
    var inputs = 1_000_000
    var seed: UInt64 = 1
    /// Nil for all.
    var decoder: String?
    /// One input instead of many.
    var input: [UInt8]?
    var golden = "Tests/EventHorizonWireTests/golden"
    /// How long one input may take.
    var limit = 10
    /// By how much the resident size may grow after the first tenth of the inputs, in MiB.
    var growth = 48
    var isHelp = false

    /// An option, declared once: the command line is read by it and `--help` is made from it.
    struct Option: Sendable {
        let name: String
        let placeholder: String
        let sentence: String
        let set: @Sendable (inout Options, String) throws -> Void
    }

    static let all: [Option] = [
        Option(name: "--inputs", placeholder: "N", sentence: "How many mutated inputs, over all decoders. 1000000 when it is not given.") {
            $0.inputs = try number($1, "--inputs", in: 1...1_000_000_000)
        },
        Option(name: "--seed", placeholder: "SEED", sentence: "What the inputs follow from. 1 when it is not given.") {
            $0.seed = UInt64(try number($1, "--seed", in: 0...Int.max))
        },
        Option(name: "--decoder", placeholder: "NAME", sentence: "This decoder alone, one of those below. All when it is not given.") {
            $0.decoder = $1
        },
        Option(name: "--input", placeholder: "HEX", sentence: "Gives the decoder these bytes, once, as a failure printed them. With --decoder.") {
            guard let bytes = Hex.bytes($1) else {
                throw SupportError("--input is no even number of hexadecimal digits: give it what a failure printed")
            }
            guard bytes.count <= Mutator.longest else { throw SupportError("--input has \(bytes.count) bytes: at most \(Mutator.longest) are read") }
            $0.input = bytes
        },
        Option(name: "--golden", placeholder: "FOLDER", sentence: "The golden records. Tests/EventHorizonWireTests/golden when it is not given.") {
            $0.golden = $1
        },
        Option(name: "--limit", placeholder: "SECONDS", sentence: "How long one input may take. 10 when it is not given.") {
            $0.limit = try number($1, "--limit", in: 1...3_600)
        },
        Option(
            name: "--growth", placeholder: "MIB", sentence: "How much the memory may grow after a tenth of the inputs. 48 when it is not given."
        ) {
            $0.growth = try number($1, "--growth", in: 1...100_000)
        },
    ]

    static func help(_ decoders: [String]) -> String {
        let width = all.map { $0.name.count + $0.placeholder.count + 1 }.max() ?? 0
        let options = all.map { option in
            let head = "\(option.name) \(option.placeholder)"
            return "  \(head)\(String(repeating: " ", count: width - head.count))   \(option.sentence)"
        }
        return """
            eventhorizon-fuzz: gives every decoder of foreign bytes mutated records, and checks that nothing but the record suffers.

            Mutates golden records by seed: bits, bytes, lengths, ends, pieces of other records, nesting. Each input must be read or refused, without a
            crash, within the time limit, and without memory that stays; what is read is written and read again, and must be the same.
            The address sanitizer sees more: `make fuzz` builds with it.

            Usage: eventhorizon-fuzz \(all.map { "[\($0.name) \($0.placeholder)]" }.joined(separator: " "))

            \(options.joined(separator: "\n"))

            Decoders: \(decoders.joined(separator: ", ")).

            Exit codes: 0 nothing was found; otherwise standard error names decoder, seed, number of the input and its bytes.
            """
    }

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if word == "--help" || word == "-h" {
                isHelp = true
                return
            }
            guard let option = Self.all.first(where: { $0.name == word }) else {
                throw SupportError("'\(word)' is not known here: --help says what is")
            }
            guard let value = rest.popFirst() else { throw SupportError("\(word) has no value: expected \(option.placeholder), see --help") }
            try option.set(&self, value)
        }
        if input != nil, decoder == nil { throw SupportError("--input needs --decoder: say whose bytes they are") }
    }

    private static func number(_ text: String, _ flag: String, in range: ClosedRange<Int>) throws -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw SupportError("\(flag) is '\(text)': expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
