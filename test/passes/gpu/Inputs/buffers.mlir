// What LowerKernelBuffers and the expansion of divisions leave, of 64
// invocations: y[op][i], and bytes that neighbours write.
gpu.module @kernels {
  memref.global "private" constant @table : memref<2x3xi32> = dense<[[5, 7, 11], [13, 17, 19]]>

  gpu.func @buffers(%bytes: memref<?xi8, #gpu.address_space<global>>, %words: memref<64xi32, #gpu.address_space<global>>, %y: memref<?x64xi32, #gpu.address_space<global>>, %out: memref<?xi8, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
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
    %i = gpu.thread_id x

    // An element of a table, and of a copy of it.
    %table = memref.get_global @table : memref<2x3xi32>
    %column = arith.remui %i, %3 : index
    %quotient = arith.divui %i, %3 : index
    %row = arith.remui %quotient, %2 : index
    %direct = memref.load %table[%row, %column] : memref<2x3xi32>
    memref.store %direct, %y[%0, %i] : memref<?x64xi32, #gpu.address_space<global>>
    %own = memref.alloca() : memref<2x3xi32, #gpu.address_space<private>>
    memref.copy %table, %own : memref<2x3xi32> to memref<2x3xi32, #gpu.address_space<private>>
    %copied = memref.load %own[%row, %column] : memref<2x3xi32, #gpu.address_space<private>>
    memref.store %copied, %y[%1, %i] : memref<?x64xi32, #gpu.address_space<global>>

    // Booleans of an invocation.
    %flags = memref.alloca() : memref<4xi1, #gpu.address_space<private>>
    scf.for %k = %0 to %4 step %1 {
      %low = arith.cmpi ult, %k, %column : index
      memref.store %low, %flags[%k] : memref<4xi1, #gpu.address_space<private>>
    }
    %flag = memref.load %flags[%1] : memref<4xi1, #gpu.address_space<private>>
    %set = arith.extui %flag : i1 to i32
    memref.store %set, %y[%2, %i] : memref<?x64xi32, #gpu.address_space<global>>

    // Sizes.
    %groups = arith.ceildivui %i, %5 : index
    %groupsWord = arith.index_cast %groups : index to i32
    memref.store %groupsWord, %y[%3, %i] : memref<?x64xi32, #gpu.address_space<global>>
    %least = arith.minui %i, %9 : index
    %leastWord = arith.index_cast %least : index to i32
    memref.store %leastWord, %y[%4, %i] : memref<?x64xi32, #gpu.address_space<global>>
    %most = arith.maxui %i, %9 : index
    %mostWord = arith.index_cast %most : index to i32
    memref.store %mostWord, %y[%5, %i] : memref<?x64xi32, #gpu.address_space<global>>
    %word = memref.load %words[%i] : memref<64xi32, #gpu.address_space<global>>
    %five = arith.constant 5 : i32
    %down = arith.floordivsi %word, %five : i32
    memref.store %down, %y[%6, %i] : memref<?x64xi32, #gpu.address_space<global>>
    %up = arith.ceildivsi %word, %five : i32
    memref.store %up, %y[%7, %i] : memref<?x64xi32, #gpu.address_space<global>>
    %positive = arith.maxsi %word, %five : i32
    memref.store %positive, %y[%8, %i] : memref<?x64xi32, #gpu.address_space<global>>

    // Bytes.
    %byte = memref.load %bytes[%i] : memref<?xi8, #gpu.address_space<global>>
    %extended = arith.extsi %byte : i8 to i32
    memref.store %extended, %y[%9, %i] : memref<?x64xi32, #gpu.address_space<global>>
    %sum = arith.addi %extended, %direct : i32
    %narrow = arith.trunci %sum : i32 to i8
    memref.store %narrow, %out[%i] : memref<?xi8, #gpu.address_space<global>>
    gpu.return
  }
}
