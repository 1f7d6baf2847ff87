/// Every kind of field that Codable protobuf knows; `every.proto` in `GoldenTests` is its mirror.
struct Every: Codable, Equatable {
    struct Seat: Codable, Equatable {
        var row = 0
        var name = ""
        enum CodingKeys: Int, CodingKey {
            case row = 1
            case name = 2
        }
    }
    enum Level: Int, Codable {
        case none = 0
        case low = 1
        case high = 2
    }

    var flag = false
    var big: Int64 = 0
    var small: Int32 = 0
    var unsignedBig: UInt64 = 0
    var unsignedSmall: UInt32 = 0
    var real = 0.0
    var shortReal: Float = 0
    var text = ""
    var blob: [UInt8] = []
    var level = Level.none
    var seat = Seat()
    var numbers: [Int] = []
    var reals: [Double] = []
    var texts: [String] = []
    var seats: [Seat] = []
    var levels: [Level] = []
    var flags: [Bool] = []
    var maybe: Int?
    var blobs: [[UInt8]] = []
    var fixed: Int64 = 0
    var fixedShort: UInt32 = 0
    var smalls: [Int32] = []
    var floats: [Float] = []

    enum CodingKeys: Int, CodingKey {
        case flag = 1
        case big, small, unsignedBig, unsignedSmall, real, shortReal, text, blob, level, seat, numbers, reals, texts, seats, levels, flags, maybe
        case blobs, fixed, fixedShort, smalls, floats
    }

    static let full = Every(
        flag: true, big: .min, small: -7, unsignedBig: .max, unsignedSmall: .max, real: -0.5, shortReal: 1.5, text: "Ἀθηνᾶ 🦉",
        blob: [0, 255],
        level: .high,
        seat: Seat(row: 3, name: "x"), numbers: [1, -1, 300], reals: [0.5, -2], texts: ["", "b"], seats: [Seat(row: 1), Seat(), Seat(name: "z")],
        levels: [.low, .high, .none], flags: [true, false], maybe: 0, blobs: [[], [97]], fixed: -5, fixedShort: 7, smalls: [-1, 2], floats: [0.25, 4])
}

func bytes(_ hex: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = hex.filter { !$0.isWhitespace }[...]
    while !rest.isEmpty {
        bytes.append(UInt8(rest.prefix(2), radix: 16)!)
        rest = rest.dropFirst(2)
    }
    return bytes
}
