import ServerSupport

/// What a line can suffer.
struct Trouble: Sendable, CustomStringConvertible {
    enum Means {
        case toxics([Toxiproxy.Toxic])
        /// Connections are ended and refused.
        case closed
    }

    /// In a word or two.
    let name: String
    var measure = ""
    let means: Means
    /// Whether nothing is heard from who is behind the line, as if it were dead.
    let isSilent: Bool

    var description: String { name + measure }

    /// Nothing goes either way, and nobody is told.
    static let cut = Trouble(name: "cut", means: .toxics([.silence(.upstream), .silence(.downstream)]), isSilent: true)
    /// What is sent to the server is lost, and what the server sends arrives.
    static let cutUp = Trouble(name: "cut towards the server", means: .toxics([.silence(.upstream)]), isSilent: true)
    /// What is sent to the server arrives, its answers are lost.
    static let cutDown = Trouble(name: "cut from the server", means: .toxics([.silence(.downstream)]), isSilent: true)
    static let refused = Trouble(name: "refused", means: .closed, isSilent: true)
    static let reset = Trouble(name: "reset", means: .toxics([.reset]), isSilent: true)

    static func slow(_ random: inout SeededRandom) -> Trouble {
        let delay = random.duration(20...300)
        return Trouble(
            name: "slowed", measure: " by \(Int(delay / .milliseconds(1))) ms",
            means: .toxics([.latency(.upstream, delay, jitter: delay / 4), .latency(.downstream, delay, jitter: delay / 4)]), isSilent: false)
    }

    static func narrow(_ random: inout SeededRandom) -> Trouble {
        let rate = 20 + random.below(180)
        return Trouble(
            name: "narrowed", measure: " to \(rate) KB/s", means: .toxics([.bandwidth(.upstream, rate), .bandwidth(.downstream, rate)]),
            isSilent: false)
    }

    /// By turns, so that a run has them all.
    static func number(_ number: Int, _ random: inout SeededRandom) -> Trouble {
        switch number % 7 {
        case 0: .cut
        case 1: .cutUp
        case 2: .cutDown
        case 3: slow(&random)
        case 4: .reset
        case 5: narrow(&random)
        default: .refused
        }
    }
}
