internal import Glibc

/// Where the programs of servers are found.
enum ServerProgram {
    /// The one that `variable` names, else one on PATH, else one beside the checkout.
    ///
    /// - Parameters:
    ///   - place: In the folder of servers beside the checkout.
    ///   - searchesPath: Whether PATH is looked at.
    ///   - remedy: What is thrown where there is none: what to do about it.
    static func find(_ name: String, variable: String, beside place: String, searchesPath: Bool = true, remedy: String) throws -> String {
        if let path = Environment[variable] {
            guard access(path, X_OK) == 0 else { throw SupportError("\(variable) is '\(path)', which is not a program: \(lastError())") }
            return path
        }
        // Debian puts servers into /usr/sbin, which is not on everybody's PATH.
        let folders = searchesPath ? (Environment["PATH"] ?? "").split(separator: ":").map(String.init) + ["/usr/local/sbin", "/usr/sbin"] : []
        let candidates = folders.map { "\($0)/\(name)" } + ["\(besideCheckout)/\(place)/\(name)"]
        guard let path = candidates.first(where: { access($0, X_OK) == 0 }) else { throw SupportError(remedy) }
        return path
    }

    private static var besideCheckout: String {
        let here = #filePath.split(separator: "/").dropLast(3)
        return "/" + here.dropLast().joined(separator: "/") + "/shared/servers"
    }
}
