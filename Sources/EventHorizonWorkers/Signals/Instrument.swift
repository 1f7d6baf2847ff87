/// Receives what workers tell. Called from the worker's own loop, per batch on the hot path: must be quick and never block.
public protocol Instrument: Sendable {
    func receive(_ signal: Signal)
}
