/// Decimal numbers as people and drones write them.
enum PlainNumber {
    /// `+12.30`, with spaces around; neither hexadecimal nor infinite nor not a number.
    static func parse(_ text: some StringProtocol) -> Double? {
        let bare = text.utf8.drop { $0 == 0x20 || $0 == 0x09 }
        guard
            let number = Double(
                String(decoding: bare.reversed().drop { $0 == 0x20 || $0 == 0x09 }.reversed(), as: UTF8.self)),
            number.isFinite, bare.allSatisfy({ "+-.0123456789eE \t".utf8.contains($0) })
        else { return nil }
        return number
    }
}
