// One op on i64 a result: y[op][i] of a[i] and b[i], and on numbers of 32 bits
// made of them z[op][i] and f[op][i].
gpu.module @kernels {
  gpu.func @wide(%a: memref<?xi64, #gpu.address_space<global>>, %b: memref<64xi64, #gpu.address_space<global>>, %y: memref<?x64xi64, #gpu.address_space<global>>, %z: memref<?x64xi32, #gpu.address_space<global>>, %f: memref<?x64xf32, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %0 = arith.constant 0 : index
    %1 = arith.constant 1 : index
    %2 = arith.constant 2 : index
    %3 = arith.constant 3 : index
    %4 = arith.constant 4 : index
    %5 = arith.constant 5 : index
    %6 = arith.constant 6 : index
    %7 = arith.constant 7 : index
    %8 = arith.constant 8 : index
    %9 = arith.constant 9 : index
    %10 = arith.constant 10 : index
    %11 = arith.constant 11 : index
    %12 = arith.constant 12 : index
    %13 = arith.constant 13 : index
    %i = gpu.thread_id x
    %x = memref.load %a[%i] : memref<?xi64, #gpu.address_space<global>>
    %v = memref.load %b[%i] : memref<64xi64, #gpu.address_space<global>>

    %sum = arith.addi %x, %v : i64
    memref.store %sum, %y[%0, %i] : memref<?x64xi64, #gpu.address_space<global>>
    %difference = arith.subi %x, %v : i64
    memref.store %difference, %y[%1, %i] : memref<?x64xi64, #gpu.address_space<global>>
    %product = arith.muli %x, %v : i64
    memref.store %product, %y[%2, %i] : memref<?x64xi64, #gpu.address_space<global>>
    %bits = arith.constant 63 : i64
    %by = arith.andi %v, %bits : i64
    %left = arith.shli %x, %by : i64
    memref.store %left, %y[%3, %i] : memref<?x64xi64, #gpu.address_space<global>>
    %right = arith.shrui %x, %by : i64
    memref.store %right, %y[%4, %i] : memref<?x64xi64, #gpu.address_space<global>>
    %signed = arith.shrsi %x, %by : i64
    memref.store %signed, %y[%5, %i] : memref<?x64xi64, #gpu.address_space<global>>
    %odd = arith.xori %x, %v : i64
    %mixed = arith.ori %odd, %by : i64
    memref.store %mixed, %y[%6, %i] : memref<?x64xi64, #gpu.address_space<global>>
    %most = arith.maxsi %x, %v : i64
    memref.store %most, %y[%7, %i] : memref<?x64xi64, #gpu.address_space<global>>
    %least = arith.minui %x, %v : i64
    memref.store %least, %y[%8, %i] : memref<?x64xi64, #gpu.address_space<global>>
    %low = arith.trunci %x : i64 to i32
    %extended = arith.extsi %low : i32 to i64
    memref.store %extended, %y[%9, %i] : memref<?x64xi64, #gpu.address_space<global>>
    %padded = arith.extui %low : i32 to i64
    memref.store %padded, %y[%10, %i] : memref<?x64xi64, #gpu.address_space<global>>
    %number = arith.index_cast %i : index to i64
    memref.store %number, %y[%11, %i] : memref<?x64xi64, #gpu.address_space<global>>
    // Carried by a loop that makes b % 4 rounds, and chosen by a branch.
    %three = arith.constant 3 : i64
    %rounds = arith.andi %v, %three : i64
    %end = arith.index_cast %rounds : i64 to index
    %power = scf.for %k = %0 to %end step %1 iter_args(%p = %x) -> (i64) {
      %next = arith.muli %p, %x : i64
      scf.yield %next : i64
    }
    memref.store %power, %y[%12, %i] : memref<?x64xi64, #gpu.address_space<global>>
    %before = arith.cmpi slt, %x, %v : i64
    %chosen = scf.if %before -> (i64) {
      scf.yield %v : i64
    } else {
      scf.yield %power : i64
    }
    memref.store %chosen, %y[%13, %i] : memref<?x64xi64, #gpu.address_space<global>>

    memref.store %low, %z[%0, %i] : memref<?x64xi32, #gpu.address_space<global>>
    %ltw = arith.extui %before : i1 to i32
    memref.store %ltw, %z[%1, %i] : memref<?x64xi32, #gpu.address_space<global>>
    %below = arith.cmpi ult, %x, %v : i64
    %ltu = arith.extui %below : i1 to i32
    memref.store %ltu, %z[%2, %i] : memref<?x64xi32, #gpu.address_space<global>>
    %same = arith.cmpi eq, %x, %v : i64
    %eq = arith.extui %same : i1 to i32
    memref.store %eq, %z[%3, %i] : memref<?x64xi32, #gpu.address_space<global>>
    %unsigned = arith.uitofp %x : i64 to f32
    memref.store %unsigned, %f[%0, %i] : memref<?x64xf32, #gpu.address_space<global>>
    %real = arith.sitofp %x : i64 to f32
    memref.store %real, %f[%1, %i] : memref<?x64xf32, #gpu.address_space<global>>
    gpu.return
  }
}
