# What find_package(modc) reads: the targets of the libraries that were
# installed, such as modc::modc, the runtime.
file(GLOB MODC_TARGET_FILES "${CMAKE_CURRENT_LIST_DIR}/modc*Targets.cmake")
foreach(file IN LISTS MODC_TARGET_FILES)
  include("${file}")
endforeach()
unset(MODC_TARGET_FILES)
