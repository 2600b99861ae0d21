/// One picture as most JPEGs hold it: brightness, and two colour differences, which may have fewer pixels.
///
/// Values as the JPEG File Interchange Format has them (ITU-T T.871): all of 0...255, no colour at 128. The planes lie
/// edge on edge over each other, whatever their sizes.
package struct YCbCrFrame: Sendable, Equatable {
    package let luma: GreyMap
    package let cb: GreyMap
    package let cr: GreyMap

    package init(luma: GreyMap, cb: GreyMap, cr: GreyMap) {
        precondition(cb.width == cr.width && cb.height == cr.height, "both colour differences have one size")
        self.luma = luma
        self.cb = cb
        self.cr = cr
    }

    package var width: Int { luma.width }
    package var height: Int { luma.height }

    /// The picture at another size; `subsampling` is how many of its pixels, along each axis, share a colour.
    ///
    /// Where it does not divide a side, colours lie off by up to half a pixel at that side's end.
    package func resized(width: Int, height: Int, subsampling: Int = 1) -> YCbCrFrame {
        let (columns, rows) = ((width + subsampling - 1) / subsampling, (height + subsampling - 1) / subsampling)
        return YCbCrFrame(
            luma: luma.resized(width: width, height: height), cb: cb.resized(width: columns, height: rows),
            cr: cr.resized(width: columns, height: rows))
    }
}
