internal import EventHorizon
internal import Glibc
internal import Synchronization

/// Kills the process where the environment says: `EVENTHORIZON_FAILPOINT=afterDecide:3` at the third time that this step is
/// reached. In debug builds only.
final class EnvironmentFailpoints: Failpoints {
    static let variable = "EVENTHORIZON_FAILPOINT"

    let step: Failpoint
    /// 1 is the first time.
    let occasion: Int
    private let reached = Atomic(0)
    private let kill: @Sendable () -> Void

    /// - Throws: `Misconfiguration` for a value that names no step and no occasion.
    init(_ text: String, kill: @escaping @Sendable () -> Void = { _ = Glibc.kill(getpid(), SIGKILL) }) throws {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let step = Failpoint(rawValue: String(parts[0])), let occasion = Int(parts[1]), occasion > 0 else {
            let steps = Failpoint.allCases.map(\.rawValue).joined(separator: ", ")
            throw Misconfiguration("\(Self.variable) is '\(text)': expected a step and which time, such as afterDecide:3; the steps are \(steps)")
        }
        self.step = step
        self.occasion = occasion
        self.kill = kill
    }

    func reach(_ step: Failpoint) {
        guard step == self.step, reached.add(1, ordering: .relaxed).newValue == occasion else { return }
        kill()
    }

    /// What the environment asks for; nil for nothing.
    /// - Throws: `Misconfiguration` for a bad value, and in a release build for any.
    static func fromEnvironment(_ environment: [String: String]) throws -> EnvironmentFailpoints? {
        guard let text = environment[variable], !text.isEmpty else { return nil }
        #if DEBUG
        return try EnvironmentFailpoints(text)
        #else
        throw Misconfiguration("\(variable) is set and this is a release build, which has no failpoints: unset it")
        #endif
    }
}
