import Testing

@testable import eventhorizon_faults

struct TroubleTests {
    @Test func seven_turns_bring_every_trouble() {
        var random = SeededRandom(seed: 1)
        let names = (3..<10).map { Trouble.number($0, &random).name }
        #expect(Set(names) == ["cut", "cut towards the server", "cut from the server", "slowed", "narrowed", "reset", "refused"])
    }

    @Test func only_who_is_slow_still_counts_as_alive() {
        var random = SeededRandom(seed: 1)
        for number in 0..<7 {
            let trouble = Trouble.number(number, &random)
            #expect(trouble.isSilent != ["slowed", "narrowed"].contains(trouble.name))
        }
    }
}
