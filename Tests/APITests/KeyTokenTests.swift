import API
import Testing

@Suite struct KeyTokenTests {
    @Test func `A key has the form that it is known by, and is random`() throws {
        let tokens = (0..<200).map { _ in KeyToken() }
        #expect(Set(tokens.map(\.text)).count == 200 && Set(tokens.map(\.id)).count == 200)
        for token in tokens {
            #expect(token.text.wholeMatch(of: /wh_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}/) != nil)
            #expect(KeyToken(token.text) == token)
            #expect(token.text.split(separator: "_")[1] == token.id)
        }
        // Every character occurs in the secrets: 200 × 43 draws leave one out once in 10⁵⁹.
        #expect(Set(tokens.flatMap { Array($0.text.split(separator: "_")[2].prefix(43)) }).count == 62)
    }

    @Test func `What was not copied whole is no key`() throws {
        let text = KeyToken().text
        #expect(KeyToken(String(text.dropLast())) == nil && KeyToken(text + "0") == nil && KeyToken("") == nil)
        for place in 0..<text.count {
            var characters = Array(text)
            characters[place] = characters[place] == "a" ? "b" : "a"
            #expect(KeyToken(String(characters)) == nil, "\(place)")
        }
        #expect(KeyToken("wh_ääää_" + String(repeating: "0", count: 49)) == nil)
        #expect(KeyToken(String(repeating: "_", count: 61)) == nil)
    }

    @Test func `A key matches its own digest and no other`() {
        let (one, other) = (KeyToken(), KeyToken())
        #expect(one.matches(one.digest) && one.digest.count == 32)
        #expect(!one.matches(other.digest) && !one.matches([]) && !one.matches(Array(one.digest.dropLast())))
    }
}
