# What find_package(modc) reads: the targets of the libraries that were installed.
# Component runtime is modc::modc, which runs and trains model.so files; component
# jit is modc::jit, which builds networks and compiles them in the process.
include("${CMAKE_CURRENT_LIST_DIR}/modcRuntimeTargets.cmake")
set(modc_runtime_FOUND TRUE)
if(EXISTS "${CMAKE_CURRENT_LIST_DIR}/modcJitTargets.cmake")
  include("${CMAKE_CURRENT_LIST_DIR}/modcJitTargets.cmake")
  set(modc_jit_FOUND TRUE)
endif()
foreach(component IN LISTS modc_FIND_COMPONENTS)
  if(modc_FIND_REQUIRED_${component} AND NOT modc_${component}_FOUND)
    set(modc_FOUND FALSE)
    set(modc_NOT_FOUND_MESSAGE "this modc has no component ${component}")
  endif()
endforeach()
