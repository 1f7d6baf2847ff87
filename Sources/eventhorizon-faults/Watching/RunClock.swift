/// Time since the run's start.
struct RunClock: Sendable {
    private let start = ContinuousClock.now
    var now: Duration { start.duration(to: .now) }

    static func text(_ duration: Duration) -> String {
        let tenths = Int(duration / .milliseconds(100))
        return "\(tenths / 10).\(tenths % 10)"
    }
}
