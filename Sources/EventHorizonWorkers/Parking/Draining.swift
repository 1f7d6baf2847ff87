internal import EventHorizon

/// A parked stream's letters, on their way back into its lane.
struct Draining {
    struct Letter {
        let command: DecidedCommand
        /// In the dead-letter log; `.start` where none could be stored.
        let position: Position
    }

    /// What is said of a command whose letter was dropped.
    static let dropReason = "it was parked, and dropped"

    /// What is not read yet, in the order in which it was parked.
    var letters: Queue<Letter>
    /// What is read together, until all of it is there.
    var read: [PendingCommand] = []

    /// What of a stream is parked: each of its commands that was and was not decided since.
    init(of stream: some Sequence<StoredCommit>) {
        var places: [MessageID: Int] = [:]
        var parked: [Letter?] = []
        for decided in stream.lazy.flatMap(\.commit.decided) {
            if case .parked(let letter, _) = decided.outcome {
                places[decided.id] = parked.count
                parked.append(Letter(command: decided, position: letter))
            } else if let place = places.removeValue(forKey: decided.id) {
                parked[place] = nil
            }
        }
        letters = Queue()
        for letter in parked { if let letter { letters.append(letter) } }
    }
}
