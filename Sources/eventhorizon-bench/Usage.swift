import Glibc

/// What a process has used of the machine.
struct Usage {
    /// The most memory that it ever held.
    var residentMegabytes = 0
    /// On all its threads, in the kernel too.
    var processorSeconds = 0.0

    /// Of a process that still runs, or that was not waited for yet; zero where there is none.
    init(of pid: Int32) {
        Self.lines(of: "/proc/\(pid)/status") { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.first == "VmHWM:", words.count > 1 { residentMegabytes = (Int(words[1]) ?? 0) / 1024 }
        }
        Self.lines(of: "/proc/\(pid)/stat") { line in
            // The name, in brackets, may hold anything; user and system time are the twelfth and thirteenth words after it (proc(5)).
            let words = line[(line.lastIndex(of: ")") ?? line.startIndex)...].split(separator: " ")
            guard words.count > 13, let user = Double(words[12]), let system = Double(words[13]) else { return }
            processorSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }

    /// As a child of the benchmark tells it.
    var line: String { "usage \(residentMegabytes) \(processorSeconds)" }

    init?(_ words: [Substring]) {
        guard words.count == 3, words[0] == "usage", let resident = Int(words[1]), let seconds = Double(words[2]) else { return nil }
        residentMegabytes = resident
        processorSeconds = seconds
    }

    func since(_ earlier: Usage) -> Usage {
        var usage = self
        usage.processorSeconds -= earlier.processorSeconds
        return usage
    }

    private static func lines(of path: String, _ take: (String) -> Void) {
        guard let file = fopen(path, "re") else { return }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 4096)
        while fgets(&line, 4096, file) != nil { take(String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)) }
    }
}
