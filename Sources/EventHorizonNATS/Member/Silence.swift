#if NATS
/// How long answers have been awaited on a connection over which nothing came. No IO.
///
/// A way may swallow what is sent on one connection while another stays as it was: the pings of a connection whose loop an application may hold up find
/// that out late, and what is asked again on the same connection never.
struct Silence {
    /// In nanoseconds: before anybody counts the partitions as standing still.
    static let limit: UInt64 = 5_000_000_000
    /// Whoever has not looked for this long was held up itself: what came meanwhile is not read yet.
    static let heldUp: UInt64 = 500_000_000

    private var since: UInt64 = 0
    private var lastLook: UInt64 = 0

    mutating func heard(at now: UInt64) { since = now }

    /// To be asked several times a second while answers are awaited. True once for each silence.
    mutating func isTooLong(at now: UInt64, isAwaiting: Bool) -> Bool {
        if !isAwaiting || now > lastLook &+ Self.heldUp { since = now }
        lastLook = now
        guard now > since &+ Self.limit else { return false }
        since = now
        return true
    }
}
#endif
