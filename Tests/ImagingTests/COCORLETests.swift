import Foundation
import Imaging
import Testing

@Suite struct COCORLETests {
    /// Masks and what pycocotools made of them.
    struct Vector: Decodable {
        let name: String
        let rows: [String]?
        let size: [Int]
        let counts: String

        var mask: LabelMap {
            let text = (rows ?? Self.long).joined().utf8
            return LabelMap(width: size[1], height: size[0], classes: text.map { $0 - 48 })
        }

        /// 200 × 200 pixels of which only the last is in the class.
        private static let long =
            Array(repeating: String(repeating: "0", count: 200), count: 199)
            + [String(repeating: "0", count: 199) + "1"]
    }

    @Test func `Encodings are those of pycocotools`() throws {
        let vectors = try JSONDecoder().decode([Vector].self, from: Data(Fixture.bytes("coco.json")))
        #expect(vectors.count == 8)
        for vector in vectors {
            let encoded = COCORLE.encode(vector.mask, classes: 2)[1]
            #expect(encoded.size == vector.size, "\(vector.name)")
            #expect(encoded.counts == vector.counts, "\(vector.name)")
            #expect(try encoded.decode() == vector.mask, "\(vector.name)")
        }
    }

    @Test func `Every class of a mask comes back`() throws {
        var noise = Noise(state: 6)
        for _ in 0..<200 {
            let (width, height) = (Int.random(in: 1...70, using: &noise), Int.random(in: 1...70, using: &noise))
            var mask = LabelMap(width: width, height: height, classes: noise.bytes(width * height, in: 0...3))
            if Bool.random(using: &noise) { mask = mask.resized(width: width * 5, height: height * 4) }
            mask.classes[0] = LabelMap.ignore
            for (label, encoded) in COCORLE.encode(mask, classes: 5).enumerated() {
                #expect(encoded.size == [mask.height, mask.width])
                #expect(try encoded.decode().classes == mask.classes.map { Int($0) == label ? 1 : 0 })
            }
        }
    }

    @Test func `Runs alternate down the columns, from outside`() throws {
        let mask = LabelMap(width: 3, height: 2, classes: [1, 0, 1, 1, 0, 0])
        #expect(try COCORLE.encode(mask, classes: 3).map { try $0.runs() } == [[2, 2, 1, 1], [0, 2, 2, 1, 1], [6]])
    }

    @Test func `JSON is COCO's`() throws {
        let rle = COCORLE(height: 2, width: 3, runs: [0, 2, 2, 1, 1])
        let json = try JSONEncoder().encode(rle)
        let object = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
        #expect(Set(object.keys) == ["size", "counts"])
        #expect(object["size"] as? [Int] == [2, 3])
        #expect(try JSONDecoder().decode(COCORLE.self, from: json) == rle)
    }

    @Test(arguments: [
        #"{"size":[2,3],"counts":"7"}"#, #"{"size":[2,3],"counts":"5"}"#, #"{"size":[2,3],"counts":""}"#,
        #"{"size":[2,3],"counts":"o"}"#, #"{"size":[2,3],"counts":" "}"#, #"{"size":[2,3],"counts":"ü"}"#,
        #"{"size":[2],"counts":"6"}"#, #"{"size":[0,0],"counts":""}"#, #"{"size":[-2,-3],"counts":"6"}"#,
        #"{"size":[2,3],"counts":"ooooooooooooooooooooo0"}"#, #"{"size":[2,3],"counts":"N8"}"#,
        #"{"size":[9223372036854775807,2],"counts":"6"}"#, #"{"size":[2,3],"counts":"ooooooooo7ooooooooo7ooooooooo7"}"#,
    ])
    func `Encodings that make no sense are refused`(json: String) throws {
        let rle = try JSONDecoder().decode(COCORLE.self, from: Data(json.utf8))
        #expect(code { try rle.decode() } == .corrupt)
    }

    @Test func `Decoding keeps to its limit`() throws {
        let rle = COCORLE(height: 1000, width: 1000, runs: [1_000_000])
        #expect(code { try rle.decode(maxPixels: 999_999) } == .tooLarge)
    }

    @Test func `Noise never crashes the decoder`() throws {
        var noise = Noise(state: 8)
        for _ in 0..<5000 {
            let length = Int.random(in: 0...30, using: &noise)
            let counts = String(decoding: noise.bytes(length, in: 46...113), as: UTF8.self)
            let json = try JSONSerialization.data(withJSONObject: ["size": [3, 4], "counts": counts])
            let rle = try JSONDecoder().decode(COCORLE.self, from: json)
            if let mask = try? rle.decode() { #expect(mask.classes.count == 12) }
        }
    }

    @Test func `the box of a class is the smallest around its pixels`() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let (width, height) = (Int.random(in: 1...9, using: &generator), Int.random(in: 1...9, using: &generator))
            let share = Int.random(in: 1...20, using: &generator)
            let classes = (0..<width * height).map { _ in
                Int.random(in: 0..<share, using: &generator) == 0 ? UInt8(1) : 0
            }
            let mask = LabelMap(width: width, height: height, classes: classes)
            let inside = classes.indices.filter { classes[$0] == 1 }
            let box = try COCORLE.encode(mask, classes: 2)[1].box
            let (xs, ys) = (inside.map { $0 % width }, inside.map { $0 / width })
            #expect((box == nil) == inside.isEmpty)
            guard let box else { continue }
            #expect(box.x == xs.min() && box.y == ys.min())
            #expect(box.x + box.width - 1 == xs.max() && box.y + box.height - 1 == ys.max())
        }
    }
}
