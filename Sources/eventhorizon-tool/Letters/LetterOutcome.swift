import EventHorizon
import EventHorizonRuntime
import EventHorizonWorkers

/// What came of releasing or dropping one aggregate's letters.
struct LetterOutcome {
    let stream: StreamID
    /// How many of its parked letters were meant.
    let letters: Int
    /// `released`, `dropped`, `still-parked` or `failed`.
    let outcome: String
    var error: (any Error)?

    private var reason: String? { (error as? StillParked)?.reason ?? error.map { "\($0)" } }

    var text: String {
        let count = letters == 1 ? "1 letter" : "\(letters) letters"
        return "\(outcome)  \("\(stream)".shown)  (\(count))" + (reason.map { ": \($0.shown)" } ?? "")
    }

    var json: String {
        var object = JSONLine()
        object.add("stream", "\(stream)")
        object.add("outcome", outcome)
        object.add("letters", letters)
        object.add("reason", reason)
        return object.text
    }
}
