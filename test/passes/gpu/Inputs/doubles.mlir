// y = x + e in f64 of 64 numbers; z = x in f64, or −0.1 where e is negative.
gpu.module @kernels {
  gpu.func @doubles(%x: memref<?xf32, #gpu.address_space<global>>, %e: memref<?xf32, #gpu.address_space<global>>, %y: memref<?xf64, #gpu.address_space<global>>, %z: memref<64xf64, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %zero = arith.constant 0.0 : f32
    %tenth = arith.constant -0.1 : f64
    %i = gpu.thread_id x
    %a = memref.load %x[%i] : memref<?xf32, #gpu.address_space<global>>
    %b = memref.load %e[%i] : memref<?xf32, #gpu.address_space<global>>
    %high = arith.extf %a : f32 to f64
    %low = arith.extf %b : f32 to f64
    %sum = arith.addf %high, %low : f64
    memref.store %sum, %y[%i] : memref<?xf64, #gpu.address_space<global>>
    %negative = arith.cmpf olt, %b, %zero : f32
    %v = arith.select %negative, %tenth, %high : f64
    memref.store %v, %z[%i] : memref<64xf64, #gpu.address_space<global>>
    gpu.return
  }
}
