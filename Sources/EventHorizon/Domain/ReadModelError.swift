/// Why a read model was not read.
public enum ReadModelError: Error, Equatable, CustomStringConvertible {
    /// The deadline passed before the read model had seen the event.
    case behind(ProjectionID, at: Position, wanted: Position, partition: Int)
    /// The read model has not seen the event and will not before its stream is released: an event of it cannot be projected.
    case parked(ProjectionID, StreamID)
    /// The read model was made from a log that has been created anew since.
    case otherLog(ProjectionID)
    /// No worker has made the read model yet.
    case missing(ProjectionID)

    public var description: String {
        switch self {
        case .behind(let projection, let at, let wanted, let partition):
            "read model '\(projection)' is at position \(at) of partition \(partition), \(wanted) was asked for: is a projector worker running, and not stalled?"
        case .parked(let projection, let stream):
            "read model '\(projection)' holds '\(stream)' back since one of its events could not be projected: mend the projector, and release the stream"
        case .otherLog(let projection):
            "read model '\(projection)' was made from another incarnation of the events log: remove it and let its projector rebuild it"
        case .missing(let projection): "there is no read model '\(projection)' yet: start its projector worker"
        }
    }
}
