/// The named steps of a worker's loop, at which a test may kill it.
public enum Failpoint: String, Sendable, CaseIterable {
    case afterRead, afterDecide, afterAppend, inTransaction, afterRows
}
