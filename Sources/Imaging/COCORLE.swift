/// One class's pixels as a COCO run-length encoding: runs down the columns, compressed as pycocotools does.
///
/// In JSON `{"size": [height, width], "counts": "…"}`, which pycocotools, CVAT, Detectron and others read. Runs of
/// pixels outside and inside the class alternate, beginning outside, through the columns from the left, each from the
/// top.
package struct COCORLE: Codable, Sendable, Equatable {
    /// Height, then width.
    package let size: [Int]
    package let counts: String

    /// Compresses run lengths, which alternate outside and inside and add up to `height` × `width`.
    package init(height: Int, width: Int, runs: [Int]) {
        precondition(runs.reduce(0, +) == height * width, "runs cover the mask")
        size = [height, width]
        counts = Self.compress(runs)
    }

    /// Encodes all classes in one pass over the mask; element `i` is class `i`, present or not.
    ///
    /// Labels of `classes` and above, such as ``LabelMap/ignore``, are in none of them.
    package static func encode(_ mask: LabelMap, classes: Int) -> [COCORLE] {
        let total = mask.width * mask.height
        var runs = [[Int]](repeating: [], count: 256)
        // Where each class's last run ended.
        var ends = [Int](repeating: 0, count: 256)
        var label = Int(mask.classes[0])
        var start = 0
        func close(at end: Int) {
            runs[label].append(start - ends[label])
            runs[label].append(end - start)
            ends[label] = end
        }
        mask.transposedClasses().withUnsafeBufferPointer { labels in
            for position in 1..<total where Int(labels[position]) != label {
                close(at: position)
                label = Int(labels[position])
                start = position
            }
        }
        close(at: total)
        return (0..<classes).map { index in
            let inside = index < 256 ? runs[index] : []
            let end = index < 256 ? ends[index] : 0
            return COCORLE(height: mask.height, width: mask.width, runs: end < total ? inside + [total - end] : inside)
        }
    }

    /// The run lengths.
    ///
    /// - Throws: `corrupt` if `counts` is not such a string or does not add up to the size.
    package func runs() throws(ImageError) -> [Int] {
        guard size.count == 2, size.allSatisfy({ 0 < $0 && $0 <= 1 << 24 }) else {
            throw ImageError(.corrupt, "The run-length encoding has no valid size")
        }
        let total = size[0] * size[1]
        let runs = try Self.decompress(counts)
        var covered = 0
        for run in runs {
            guard run <= total - covered else {
                throw ImageError(.corrupt, "The run-length encoding does not fit its size")
            }
            covered += run
        }
        guard covered == total else { throw ImageError(.corrupt, "The run-length encoding does not fill its size") }
        return runs
    }

    /// The smallest rectangle around the class, in pixels from the top left corner; nil where it has none.
    ///
    /// - Throws: `corrupt` as ``runs()``.
    package var box: (x: Int, y: Int, width: Int, height: Int)? {
        get throws(ImageError) {
            let runs = try runs()
            let height = size[0]
            var position = 0
            var (left, right, top, bottom) = (Int.max, -1, Int.max, -1)
            for (index, run) in runs.enumerated() {
                defer { position += run }
                guard index % 2 == 1, run > 0 else { continue }
                let (first, last) = (position, position + run - 1)
                left = min(left, first / height)
                right = max(right, last / height)
                // A run that goes on in the next column touches both edges.
                let isWhole = first / height < last / height
                top = min(top, isWhole ? 0 : first % height)
                bottom = max(bottom, isWhole ? height - 1 : last % height)
            }
            return right < 0 ? nil : (left, top, right - left + 1, bottom - top + 1)
        }
    }

    /// The pixels: 1 inside the class, 0 outside, rows from the top.
    ///
    /// - Throws: `corrupt` as ``runs()``, or `tooLarge` if the size exceeds `maxPixels`.
    package func decode(maxPixels: Int = 50_000_000) throws(ImageError) -> LabelMap {
        let runs = try runs()
        let (height, width) = (size[0], size[1])
        try ImageCodec.check(width: width, height: height, maxPixels: maxPixels)
        var columns = [UInt8](repeating: 0, count: height * width)
        var position = 0
        for (index, run) in runs.enumerated() {
            if index % 2 == 1 { for inside in position..<position + run { columns[inside] = 1 } }
            position += run
        }
        let transposed = LabelMap(width: height, height: width, classes: columns)
        return LabelMap(width: width, height: height, classes: transposed.transposedClasses())
    }
}

extension COCORLE {
    /// Writes numbers as pycocotools' `rleToString`: from the fourth on as the difference to the one two before, five
    /// bits a character from the least significant, bit 5 meaning "more follow", shifted to begin at "0".
    private static func compress(_ runs: [Int]) -> String {
        var bytes: [UInt8] = []
        for (index, run) in runs.enumerated() {
            var value = index > 2 ? run - runs[index - 2] : run
            var more = true
            while more {
                let bits = value & 31
                value >>= 5
                // Done when what is left is only the sign that bit 4 already shows.
                more = bits & 16 != 0 ? value != -1 : value != 0
                bytes.append(UInt8(bits | (more ? 32 : 0)) + 48)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func decompress(_ counts: String) throws(ImageError) -> [Int] {
        var runs: [Int] = []
        var value = 0
        var shift = 0
        for byte in counts.utf8 {
            // Fifty-five bits hold the runs of any picture; more would only be a way to overflow.
            guard (48..<112).contains(byte), shift < 55 else {
                throw ImageError(.corrupt, "The run-length encoding has invalid characters")
            }
            let bits = Int(byte) - 48
            value |= (bits & 31) << shift
            shift += 5
            guard bits & 32 == 0 else { continue }
            if bits & 16 != 0 { value |= -1 << shift }
            let run = runs.count > 2 ? value + runs[runs.count - 2] : value
            guard (0...1 << 48).contains(run) else {
                throw ImageError(.corrupt, "The run-length encoding has a run of impossible length")
            }
            runs.append(run)
            value = 0
            shift = 0
        }
        guard shift == 0 else { throw ImageError(.corrupt, "The run-length encoding is cut short") }
        return runs
    }
}

extension LabelMap {
    /// The labels column by column.
    fileprivate func transposedClasses() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: classes.count) { out, count in
            classes.withUnsafeBufferPointer { source in
                // Squares that fit the cache: a plain walk down the columns would miss it on every pixel.
                for top in stride(from: 0, to: height, by: 32) {
                    for left in stride(from: 0, to: width, by: 32) {
                        for x in left..<min(left + 32, width) {
                            for y in top..<min(top + 32, height) { out[x * height + y] = source[y * width + x] }
                        }
                    }
                }
            }
            count = classes.count
        }
    }
}
