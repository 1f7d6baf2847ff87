internal import Synchronization

/// Random numbers for ids and waits, from a generator that the operating system seeds: xoshiro256** (Blackman and Vigna, 2018). Not for secrets.
///
/// The system's own generator costs a system call a number, which is a third of what an id costs. Safe to use from any thread.
public final class SystemRandomness: Randomness {
    private let state: Mutex<(UInt64, UInt64, UInt64, UInt64)>

    public init() {
        // A state of zeros would stay so.
        state = Mutex((.random(in: 1 ... .max), .random(in: 0 ... .max), .random(in: 0 ... .max), .random(in: 0 ... .max)))
    }

    public func next() -> UInt64 {
        state.withLock { state in
            let result = rotated(state.1 &* 5, by: 7) &* 9
            let shifted = state.1 << 17
            state.2 ^= state.0
            state.3 ^= state.1
            state.1 ^= state.2
            state.0 ^= state.3
            state.2 ^= shifted
            state.3 = rotated(state.3, by: 45)
            return result
        }
    }

    private func rotated(_ word: UInt64, by bits: UInt64) -> UInt64 { word << bits | word >> (64 - bits) }
}
