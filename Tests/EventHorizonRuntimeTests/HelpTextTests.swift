import Testing

@testable import EventHorizonRuntime

@Suite struct HelpTextTests {
    @Test func help_is_made_from_the_declarations() {
        let keys: [any ConfigurationDeclaration] = [
            ConfigurationKey<Int>("seats", .number(in: 1...10), default: 2, section: "The party", "How many guests are confirmed."),
            ConfigurationKey<Bool>("music", .onOff, default: false, section: "The party", "Whether a band plays."),
            ConfigurationKey<String>(
                "caterer-password", .text("SECRET"), section: "The kitchen", isSecret: true,
                "What the caterer asks for at the door, which is a sentence that is too long for one line of this text."),
        ]
        #expect(
            HelpText(worker: "party", keys: keys).description == """
                party: a worker of Event Horizon.

                Usage: party [--key value | --key=value] ...

                Every key can be given as an environment variable too, whose name stands below it. A flag wins over
                a variable; an empty variable counts as not given. SIGTERM or SIGINT drains the worker: it settles
                what is in hand, releases its partitions and exits with 0. A second signal ends it at once. Exit
                status 78 says that something here has to be changed.

                The party
                  --seats NUMBER              How many guests are confirmed.
                                              EVENTHORIZON_SEATS, default 2
                  --music [on|off]            Whether a band plays.
                                              EVENTHORIZON_MUSIC, default off

                The kitchen
                  --caterer-password SECRET   What the caterer asks for at the door, which is a sentence that is too
                                              long for one line of this text.
                                              EVENTHORIZON_CATERER_PASSWORD, never shown

                Others
                  --help                      Print this and exit.
                  --version                   Print the program's version and exit.

                """)
    }

    @Test func every_key_of_every_worker_is_documented_within_100_columns() {
        let keys = Configuration.builtIn(application: "guestlist")
        let text = HelpText(worker: "guestlist-command-handler", keys: keys).description
        for line in text.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
        for key in keys.map(\.declaration) {
            #expect(text.contains("  \(key.flag) "), "\(key.name)")
            #expect(text.contains(" \(key.environmentName)"), "\(key.name)")
            #expect(key.sentence.hasSuffix("."), "\(key.name)")
        }
        #expect(text.contains("EVENTHORIZON_NATS_CREDENTIALS"))
        #expect(text.contains("EVENTHORIZON_BROKER, default nats://127.0.0.1:4222"))
        #expect(text.contains("EVENTHORIZON_APPLICATION, default guestlist"))
    }
}
