// y = (x + m) − m with m = 3·2^22: x rounded to an integer, unless the driver
// makes x of it.
gpu.module @kernels {
  gpu.func @contraction(%x: memref<?xf32, #gpu.address_space<global>>, %y: memref<?xf32, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %i = gpu.thread_id x
    %m = arith.constant 12582912.0 : f32
    %a = memref.load %x[%i] : memref<?xf32, #gpu.address_space<global>>
    %b = arith.addf %a, %m : f32
    %c = arith.subf %b, %m : f32
    memref.store %c, %y[%i] : memref<?xf32, #gpu.address_space<global>>
    gpu.return
  }
}
