#===- Lit.cmake - The lit tests as a target -------------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Writes lit.site.cfg.py for this build and adds `check-modc`, which runs the lit
# tests (tools/test.sh runs those and the GoogleTest programs).
#
#===----------------------------------------------------------------------===#

set(MODC_LLVM_TOOLS /usr/lib/llvm-22/bin CACHE PATH
    "Folder of FileCheck, not and the other LLVM tools")
set(MODC_FASHION_MNIST /usr/share/datasets/fashion-mnist CACHE PATH
    "Folder of the Fashion-MNIST IDX files")
# Debian's NumPy belongs to Debian's Python; another python3 may come first on
# the path.
find_program(MODC_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(MODC_PYTHON python3 REQUIRED)
find_program(MODC_LIT NAMES lit-22 lit HINTS ${MODC_LLVM_TOOLS} REQUIRED)

configure_file(${CMAKE_CURRENT_SOURCE_DIR}/lit.site.cfg.py.in
               ${CMAKE_CURRENT_BINARY_DIR}/lit.site.cfg.py @ONLY)

add_custom_target(check-modc
  COMMAND ${MODC_LIT} --succinct --verbose --no-progress-bar
          ${CMAKE_CURRENT_BINARY_DIR}
  USES_TERMINAL
  COMMENT "Running the lit tests")
