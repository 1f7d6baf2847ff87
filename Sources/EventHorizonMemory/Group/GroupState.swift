internal import EventHorizon

/// What a broker records of a group, by partition.
struct GroupState {
    let name: String
    let log: Log
    /// Everything up to here is settled.
    var progress: [Position]
    /// The numbers of the members that hold partitions.
    var owners: [Int?]
    /// Whether the last owner left without releasing.
    var isUnclean: [Bool]
    /// What the last owner tries, or tried when it left without releasing.
    var trying: [Attempt?]
}
