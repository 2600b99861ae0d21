#include "CKernels.h"

#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

void windhover_keep_blocks(void) {
#if defined(__GLIBC__)
    mallopt(M_ARENA_MAX, 1);
    // The largest that glibc takes.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}
