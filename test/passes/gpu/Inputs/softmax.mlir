// For a row an invocation, N = constant 0: z[label] − max z, and −1/N times
// (onehot − softmax), with exp expanded and a row of 10 kept by the invocation.
gpu.module @kernels {
  gpu.func @softmax(%z: memref<?x10xf32, #gpu.address_space<global>>, %label: memref<?xi32, #gpu.address_space<global>>, %ll: memref<?xf32, #gpu.address_space<global>>, %dz: memref<?x10xf32, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %v2 = arith.constant 64 : index
    %p8 = memref.alloca() : memref<10xf32, #gpu.address_space<private>>
    %v10 = arith.constant 0xFF800000 : f32
    %v11 = arith.constant 0 : index
    %v12 = arith.constant 10 : index
    %v13 = arith.constant 1 : index
    %v20 = arith.constant 0.00000000000000000e+00 : f32
    %v26 = arith.constant -1.04000000000000000e+02 : f32
    %v29 = arith.constant 8.90000000000000000e+01 : f32
    %v32 = arith.constant 1.25829120000000000e+07 : f32
    %v33 = arith.constant 1.44269504088896006e+00 : f32
    %v37 = arith.constant 6.93359375000000000e-01 : f32
    %v40 = arith.constant -2.12194439999999998e-04 : f32
    %v43 = arith.constant 1.98756914999999995e-04 : f32
    %v45 = arith.constant 1.39819995069999999e-03 : f32
    %v48 = arith.constant 8.33345190729999942e-03 : f32
    %v51 = arith.constant 4.16657958939999976e-02 : f32
    %v54 = arith.constant 1.66666654589999991e-01 : f32
    %v57 = arith.constant 5.00000012009999995e-01 : f32
    %v62 = arith.constant 1.00000000000000000e+00 : f32
    %v65 = arith.constant 1262485504 : i32
    %v67 = arith.constant 1 : i32
    %v70 = arith.constant 127 : i32
    %v72 = arith.constant 23 : i32
    %v83 = arith.constant -1.00000000000000000e+00 : f32
    %v1 = gpu.block_id x
    %v3 = arith.muli %v1, %v2 : index
    %v4 = gpu.thread_id x
    %v5 = arith.addi %v3, %v4 : index
    %v6 = modular.launch_constant 0 : i32
    %v7 = arith.index_cast %v6 : i32 to index
    %v9 = arith.cmpi ult, %v5, %v7 : index
    scf.if %v9 {
      %r16:1 = scf.for %v14 = %v11 to %v12 step %v13 iter_args(%v15 = %v10) -> (f32) {
        %v17 = memref.load %z[%v5, %v14] : memref<?x10xf32, #gpu.address_space<global>>
        %v18 = arith.cmpf ogt, %v17, %v15 : f32
        %v19 = arith.select %v18, %v17, %v15 : f32
        scf.yield %v19 : f32
      }
      %r23:1 = scf.for %v21 = %v11 to %v12 step %v13 iter_args(%v22 = %v20) -> (f32) {
        %v24 = memref.load %z[%v5, %v21] : memref<?x10xf32, #gpu.address_space<global>>
        %v25 = arith.subf %v24, %r16#0 : f32
        %v27 = arith.cmpf olt, %v25, %v26 : f32
        %v28 = arith.select %v27, %v26, %v25 : f32
        %v30 = arith.cmpf ogt, %v28, %v29 : f32
        %v31 = arith.select %v30, %v29, %v28 : f32
        %v34 = arith.mulf %v31, %v33 : f32
        %v35 = arith.addf %v34, %v32 : f32
        %v36 = arith.subf %v35, %v32 : f32
        %v38 = arith.mulf %v36, %v37 : f32
        %v39 = arith.subf %v31, %v38 : f32
        %v41 = arith.mulf %v36, %v40 : f32
        %v42 = arith.subf %v39, %v41 : f32
        %v44 = arith.mulf %v43, %v42 : f32
        %v46 = arith.addf %v44, %v45 : f32
        %v47 = arith.mulf %v46, %v42 : f32
        %v49 = arith.addf %v47, %v48 : f32
        %v50 = arith.mulf %v49, %v42 : f32
        %v52 = arith.addf %v50, %v51 : f32
        %v53 = arith.mulf %v52, %v42 : f32
        %v55 = arith.addf %v53, %v54 : f32
        %v56 = arith.mulf %v55, %v42 : f32
        %v58 = arith.addf %v56, %v57 : f32
        %v59 = arith.mulf %v58, %v42 : f32
        %v60 = arith.mulf %v59, %v42 : f32
        %v61 = arith.addf %v60, %v42 : f32
        %v63 = arith.addf %v61, %v62 : f32
        %v64 = arith.bitcast %v35 : f32 to i32
        %v66 = arith.subi %v64, %v65 : i32
        %v68 = arith.shrsi %v66, %v67 : i32
        %v69 = arith.subi %v66, %v68 : i32
        %v71 = arith.addi %v68, %v70 : i32
        %v73 = arith.shli %v71, %v72 : i32
        %v74 = arith.bitcast %v73 : i32 to f32
        %v75 = arith.mulf %v63, %v74 : f32
        %v76 = arith.addi %v69, %v70 : i32
        %v77 = arith.shli %v76, %v72 : i32
        %v78 = arith.bitcast %v77 : i32 to f32
        %v79 = arith.mulf %v75, %v78 : f32
        memref.store %v79, %p8[%v21] : memref<10xf32, #gpu.address_space<private>>
        %v80 = arith.addf %v22, %v79 : f32
        scf.yield %v80 : f32
      }
      %v81 = memref.load %label[%v5] : memref<?xi32, #gpu.address_space<global>>
      %v82 = arith.index_cast %v81 : i32 to index
      %v84 = modular.launch_constant 0 : i32
      %v85 = arith.uitofp %v84 : i32 to f32
      %v86 = arith.divf %v83, %v85 : f32
      %v87 = memref.load %z[%v5, %v82] : memref<?x10xf32, #gpu.address_space<global>>
      %v88 = arith.subf %v87, %r16#0 : f32
      memref.store %v88, %ll[%v5] : memref<?xf32, #gpu.address_space<global>>
      scf.for %v89 = %v11 to %v12 step %v13 {
        %v90 = memref.load %p8[%v89] : memref<10xf32, #gpu.address_space<private>>
        %v91 = arith.divf %v90, %r23#0 : f32
        %v92 = arith.cmpi eq, %v89, %v82 : index
        %v93 = arith.select %v92, %v62, %v20 : f32
        %v94 = arith.subf %v93, %v91 : f32
        %v95 = arith.mulf %v86, %v94 : f32
        memref.store %v95, %dz[%v5, %v89] : memref<?x10xf32, #gpu.address_space<global>>
      }
    }
    gpu.return
  }
}
