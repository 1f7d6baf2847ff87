/// The known name that a misspelt one was probably meant to be.
struct Nearest {
    let name: String
    /// Letters to insert, remove or replace.
    let distance: Int

    /// Nil where no name is near enough to be worth proposing.
    init?(to word: String, among names: some Collection<String>) {
        var best: (name: String, distance: Int)?
        for name in names.sorted() {
            let distance = Self.distance(Array(word.utf8), Array(name.utf8))
            if distance < best?.distance ?? Int.max { best = (name, distance) }
        }
        guard let best, best.distance <= max(2, word.utf8.count / 3) else { return nil }
        (name, distance) = best
    }

    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let replaced = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
