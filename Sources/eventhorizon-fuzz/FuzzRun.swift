import EventHorizonBridge
import ServerSupport

/// Gives the decoders one input after the other.
struct FuzzRun {
    private struct Tally {
        var inputs = 0
        var accepted = 0
        var refused = 0
        /// In nanoseconds.
        var slowest: UInt64 = 0
    }

    let options: Options
    private var decoders: [ForeignDecoder]
    private var tallies: [Tally]
    /// Inputs that were accepted: mutated further they reach what one step does not. The newest take the place of older ones.
    private var found: [[[UInt8]]]
    private let memory = GuardedMemory(capacity: Mutator.longest)
    private static let kept = 32

    /// - Parameter decoders: With their samples.
    init(_ options: Options, _ decoders: [ForeignDecoder]) {
        self.options = options
        self.decoders = decoders
        tallies = decoders.map { _ in Tally() }
        found = decoders.map { _ in [] }
    }

    /// One input, as a failure printed it.
    func replay(_ input: [UInt8]) -> ForeignDecoder.Verdict {
        CurrentInput.watch(seed: options.seed, limit: options.limit)
        return read(0, input, by: 0)
    }

    private func read(_ number: Int, _ input: [UInt8], by decoder: Int) -> ForeignDecoder.Verdict {
        memory.with(input) { bytes in
            CurrentInput.begin(number, decoders[decoder].staticName, bytes)
            defer { CurrentInput.end() }
            return decoders[decoder].read(bytes)
        }
    }

    /// - Throws: What was found.
    mutating func run() throws {
        CurrentInput.watch(seed: options.seed, limit: options.limit)
        for (index, decoder) in decoders.enumerated() {
            for sample in decoder.samples where read(0, sample, by: index) != .accepted {
                throw SupportError("the decoder '\(decoder.name)' does not accept its own sample \(Hex.digits(sample)): mend one of them")
            }
        }
        var mutator = Mutator(seed: options.seed, others: decoders.flatMap(\.samples))
        let started = MonotonicTime.now
        let warm = options.inputs / 10
        let step = max(1, options.inputs / 20)
        var settled = 0
        for number in 1...options.inputs {
            try give(number, &mutator)
            if number == warm { settled = try ResidentSize.now() }
            if number % step == 0 {
                let size = try ResidentSize.now()
                let seconds = (MonotonicTime.now - started) / 1_000_000_000
                StandardError.write("\(number) of \(options.inputs) inputs, \(seconds) s, \(size >> 20) MiB resident")
                if number > warm, settled > 0, size - settled > options.growth << 20 {
                    throw SupportError(
                        "the memory grew from \(settled >> 20) MiB after \(warm) inputs to \(size >> 20) MiB after \(number), by more than "
                            + "\(options.growth) MiB, with seed \(options.seed): find the decoder with --decoder")
                }
            }
        }
        try report(settled: settled, nanoseconds: MonotonicTime.now - started)
    }

    private mutating func give(_ number: Int, _ mutator: inout Mutator) throws {
        let index = number % decoders.count
        let pool = found[index]
        let samples = decoders[index].samples
        let record = !pool.isEmpty && mutator.below(2) == 0 ? pool[mutator.below(pool.count)] : samples[mutator.below(samples.count)]
        let input = mutator.mutation(of: record)
        let begun = MonotonicTime.now
        let verdict = read(number, input, by: index)
        tallies[index].inputs += 1
        tallies[index].slowest = max(tallies[index].slowest, MonotonicTime.now - begun)
        switch verdict {
        case .accepted:
            tallies[index].accepted += 1
            // Long ones would make all that follow long.
            if input.count <= 1_024, mutator.below(8) == 0 {
                if pool.count < Self.kept { found[index].append(input) } else { found[index][mutator.below(Self.kept)] = input }
            }
        case .refused: tallies[index].refused += 1
        case .broken(let reason):
            throw SupportError(
                "\(reason): decoder \(decoders[index].name), seed \(options.seed), input \(number), to be given again with --decoder and --input:\n"
                    + Hex.digits(input))
        }
    }

    private func report(settled: Int, nanoseconds: UInt64) throws {
        func row(_ cells: [String]) -> String {
            cells.enumerated().map { index, cell in
                let blanks = String(repeating: " ", count: max(0, (index == 0 ? 16 : 12) - cell.count))
                return index == 0 ? cell + blanks : blanks + cell
            }.joined()
        }
        print(row(["decoder", "inputs", "accepted", "refused", "slowest ms"]))
        for (decoder, tally) in zip(decoders, tallies) {
            let slowest = tally.slowest / 100_000
            print(row([decoder.name, "\(tally.inputs)", "\(tally.accepted)", "\(tally.refused)", "\(slowest / 10).\(slowest % 10)"]))
        }
        let size = try ResidentSize.now()
        let sum = tallies.reduce(into: Tally()) {
            $0.inputs += $1.inputs
            $0.accepted += $1.accepted
        }
        print(
            "\(sum.inputs) inputs in \(nanoseconds / 1_000_000_000) s with seed \(options.seed), \(sum.accepted) accepted: no crash, no hang, all that was "
                + "read lasts; resident \(settled >> 20) MiB after a tenth of them, \(size >> 20) MiB at the end; address sanitizer "
                + (CurrentInput.isSanitized ? "on" : "off: make fuzz has it on"))
    }
}
