/// Gives each that asks its moment, evenly spaced, in order of asking. A pause of the whole load is not made up for.
actor Pacer {
    private let interval: Duration
    private var next = ContinuousClock.now

    init(perSecond rate: Int) { interval = .seconds(1) / rate }

    func turn() async {
        let mine = max(next, .now - .milliseconds(200))
        next = mine + interval
        try? await Task.sleep(until: mine, clock: .continuous)
    }
}
