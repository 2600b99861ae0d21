// OpenCV is C++ and nothing of it is seen from Swift: this target only carries compiler and linker flags to CVision.
#pragma once
