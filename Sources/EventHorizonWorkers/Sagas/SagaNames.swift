internal import EventHorizon

extension MessageID {
    /// The namespaces of derived ids: UUIDs of this framework's own, never to change.
    static let sagaEffects = MessageID(high: 0x6A5D_0E2B_91C4_4F7E, low: 0x8B3D_52C7_1E90_A4F6)
    static let sagaInputs = MessageID(high: 0x2F81_C3D4_7A06_4B59, low: 0x9E17_D0A8_3C5B_F261)
}

extension Category {
    /// A saga is an aggregate: its category is made of its name.
    init(sagaNamed name: String) { self.init("saga.\(name)") }
}
