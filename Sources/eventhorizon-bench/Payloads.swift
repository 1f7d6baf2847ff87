import Glibc

/// How payloads are written in this process; set once, from the command line, before the first message.
enum Payloads {
    static let areJSON = CommandLine.arguments.contains("json")
}

/// The machine's monotonic clock, the same in every process.
enum MachineClock {
    static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
