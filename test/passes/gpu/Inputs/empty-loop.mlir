// Loops of constant 0 rounds that carry scalars and vectors: y = 1 + i + 2·rounds,
// and v = (3, 3, 3, 3) + rounds, whether or not there is a round.
gpu.module @kernels {
  gpu.func @empty_loop(%y: memref<?xf32, #gpu.address_space<global>>, %v: memref<?xvector<4xf32>, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1.0 : f32
    %two = arith.constant 2.0 : f32
    %ones = arith.constant dense<1.0> : vector<4xf32>
    %threes = arith.constant dense<3.0> : vector<4xf32>
    %i = gpu.thread_id x
    %n = modular.launch_constant 0 : i32
    %rounds = arith.index_cast %n : i32 to index
    %i32 = arith.index_cast %i : index to i32
    %f = arith.sitofp %i32 : i32 to f32
    %start = arith.addf %f, %one : f32
    %sum, %lanes = scf.for %k = %c0 to %rounds step %c1 iter_args(%s = %start, %l = %threes) -> (f32, vector<4xf32>) {
      %next = arith.addf %s, %two : f32
      %nexts = arith.addf %l, %ones : vector<4xf32>
      scf.yield %next, %nexts : f32, vector<4xf32>
    }
    memref.store %sum, %y[%i] : memref<?xf32, #gpu.address_space<global>>
    memref.store %lanes, %v[%i] : memref<?xvector<4xf32>, #gpu.address_space<global>>
    gpu.return
  }
}
