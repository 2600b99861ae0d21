import Foundation
import Imaging
import Testing

@Suite struct ClassInfoTests {
    @Test func `A colour is six hexadecimal digits`() {
        #expect(RGB(hex: "#0a80Ff") == RGB(10, 128, 255))
        #expect(RGB(10, 128, 255).hex == "#0a80ff")
        #expect(RGB(0, 0, 0).hex == "#000000")
        for text in ["", "#", "0a80ff", "#0a80f", "#0a80ff0", "#0a80fg", "#+a80ff", "#０a80ff"] {
            #expect(RGB(hex: text) == nil, "\(text)")
        }
    }

    @Test func `A class is a name and a colour in JSON`() throws {
        let json = Data(##"{"name":"road","color":"#808080"}"##.utf8)
        let road = try JSONDecoder().decode(ClassInfo.self, from: json)
        #expect(road == ClassInfo(name: "road", color: RGB(128, 128, 128)))
        #expect(try JSONDecoder().decode(ClassInfo.self, from: JSONEncoder().encode(road)) == road)
        let wrong = Data(##"{"name":"road","color":"grey"}"##.utf8)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(ClassInfo.self, from: wrong) }
    }
}
