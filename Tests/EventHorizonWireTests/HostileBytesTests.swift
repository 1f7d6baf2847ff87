import EventHorizon
import EventHorizonWire
import FoundationEssentials
import Glibc
import Testing

/// Whatever the bytes: a value or a `WireError`, never a crash, nor a look beyond their end.
struct HostileBytesTests {
    @Test(arguments: Golden.all) func every_truncation_gives_an_error_or_a_value(_ golden: Golden) throws {
        let codec = WireCodec()
        let fence = Fence(capacity: 1 << 16)
        let bytes = try golden.bytes()
        for count in 0..<bytes.count {
            fence.with(Array(bytes[..<count])) { bytes in
                do throws(WireError) { _ = try golden.rewrite(codec, bytes) } catch { #expect(!error.field.isEmpty && !error.limit.isEmpty) }
            }
        }
    }

    /// `FUZZ_INPUTS` says how many for all records together, 20,000 by default.
    @Test(arguments: Golden.all) func mutated_records_give_an_error_or_a_value_that_lasts(_ golden: Golden) throws {
        let inputs = ProcessInfo.processInfo.environment["FUZZ_INPUTS"].flatMap { Int($0) } ?? 20_000
        let codec = WireCodec()
        let fence = Fence(capacity: 1 << 16)
        let original = try golden.bytes()
        for input in 0..<max(1, inputs / Golden.all.count) {
            let seed = UInt64(input) &* 0x1_0000_0001 ^ UInt64(original.count)
            var random = SplitMix(seed: seed)
            let mutated = Self.mutation(of: original, &random)
            fence.with(mutated) { bytes in
                guard let once = try? golden.rewrite(codec, bytes) else { return }
                // What was taken for a value is one: written and read again it stays the same.
                let twice = try? once.withUnsafeBytes { bytes throws(WireError) in try golden.rewrite(codec, bytes) }
                #expect(once == twice, "\(golden), seed \(seed): \(Hex.digits(mutated))")
            }
        }
    }

    @Test func a_record_of_another_kind_gives_an_error_or_a_value() throws {
        let codec = WireCodec()
        let fence = Fence(capacity: 1 << 16)
        for written in Golden.all {
            for read in Golden.all { try fence.with(written.bytes()) { _ = try? read.rewrite(codec, $0) } }
        }
    }

    @Test func random_bytes_give_an_error_or_a_value() {
        let codec = WireCodec()
        let fence = Fence(capacity: 1 << 16)
        var random = SplitMix(seed: 42)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            for golden in Golden.all { fence.with(bytes) { _ = try? golden.rewrite(codec, $0) } }
        }
    }

    private static func mutation(of original: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes[at] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random)!
            case 3: bytes.remove(at: at)
            case 4: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
            case 5:
                let piece = bytes[at..<min(bytes.count, at + Int.random(in: 1...40, using: &random))]
                bytes.insert(contentsOf: piece, at: Int.random(in: 0...bytes.count, using: &random))
            default: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...40, using: &random)))
            }
        }
        return bytes
    }
}

/// Bytes that end where readable memory ends: protobuf-c is not built with a sanitizer, and a read beyond them stops the test.
final class Fence {
    private let memory: UnsafeMutableRawPointer
    private let capacity: Int
    private static let page = 4096

    init(capacity: Int) {
        self.capacity = capacity
        memory = mmap(nil, capacity + Self.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        precondition(mprotect(memory + capacity, Self.page, PROT_NONE) == 0)
    }

    deinit { munmap(memory, capacity + Self.page) }

    func with(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) -> Void) {
        let start = memory + capacity - bytes.count
        bytes.withUnsafeBytes { start.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(start), byteCount: $0.count) }
        body(UnsafeRawBufferPointer(start: start, count: bytes.count))
    }
}

struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
