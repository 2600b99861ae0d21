import Foundation

/// The group with which a page of a summary ended.
struct SummaryCursor: Equatable {
    enum Part: Equatable, Codable {
        case number(Int64)
        /// No name comes before all names.
        case name(String?)
    }

    var place: [Part]
    var className: String?

    init(place: [Part], className: String?) {
        self.place = place
        self.className = className
    }

    /// Throws `StoreError.badCursor` for what `text(for:sealedWith:)` did not make.
    init(_ text: String, for filter: Fingerprint, sealedWith seal: CursorSeal) throws {
        guard let token = try? JSONDecoder().decode(Token.self, from: Data(try seal.open(text))),
            token.filter == filter.value
        else { throw StoreError.badCursor }
        self.init(place: token.place, className: token.className)
    }

    func text(for filter: Fingerprint, sealedWith seal: CursorSeal) -> String {
        let token = Token(filter: filter.value, place: place, className: className)
        // A tree of plain values: encoding cannot fail.
        return seal.close(Array((try? JSONEncoder().encode(token)) ?? Data()))
    }

    private struct Token: Codable {
        var filter: UInt64
        var place: [Part]
        var className: String?
    }
}

extension [SummaryCursor.Part] {
    /// Whether it comes before another of the same dimensions.
    func precedes(_ other: Self) -> Bool {
        for (mine, theirs) in zip(self, other) where mine != theirs {
            switch (mine, theirs) {
            case (.number(let mine), .number(let theirs)): return mine < theirs
            case (.name(let mine), .name(let theirs)):
                guard let theirs else { return false }
                return mine.map { $0 < theirs } ?? true
            default: return false
            }
        }
        return false
    }
}
