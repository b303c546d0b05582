// A stable counting sort of R = constant 0 choices among 8 members, by one
// group: first positions of the members, rows by position, positions by row.
gpu.module @kernels {
  gpu.func @plan(%choice: memref<?xi32, #gpu.address_space<global>>, %offs: memref<9xi32, #gpu.address_space<global>>, %rows: memref<?xi32, #gpu.address_space<global>>, %pos: memref<?xi32, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %s4 = memref.alloc() : memref<8xi32, #gpu.address_space<workgroup>>
    %s5 = memref.alloc() : memref<128xi32, #gpu.address_space<workgroup>>
    %v6 = arith.constant 0 : i32
    %v7 = arith.constant 1 : i32
    %v8 = arith.constant 0 : index
    %v9 = arith.constant 128 : index
    %v12 = arith.constant 8 : index
    %v14 = arith.constant 127 : index
    %v24 = arith.constant 7 : i32
    %v27 = arith.constant 1 : index
    %v32 = arith.constant 7 : index
    %v44 = arith.constant 2 : index
    %v52 = arith.constant 4 : index
    %v67 = arith.constant 16 : index
    %v75 = arith.constant 32 : index
    %v83 = arith.constant 64 : index
    %v111 = arith.constant -1 : i32
    %v1 = gpu.thread_id x
    %v2 = modular.launch_constant 0 : i32
    %v3 = arith.index_cast %v2 : i32 to index
    scf.for %v10 = %v8 to %v9 step %v9 {
      %v11 = arith.addi %v10, %v1 : index
      %v13 = arith.cmpi ult, %v11, %v12 : index
      scf.if %v13 {
        memref.store %v6, %s4[%v11] : memref<8xi32, #gpu.address_space<workgroup>>
      }
    }
    gpu.barrier
    %v15 = arith.addi %v3, %v14 : index
    %v16 = arith.divui %v15, %v9 : index
    %v17 = arith.muli %v16, %v9 : index
    scf.for %v18 = %v8 to %v17 step %v9 {
      %v19 = arith.addi %v18, %v1 : index
      %v20 = arith.cmpi ult, %v19, %v3 : index
      scf.if %v20 {
        %v22 = memref.load %choice[%v19] : memref<?xi32, #gpu.address_space<global>>
        %v23 = arith.maxsi %v22, %v6 : i32
        %v25 = arith.minsi %v23, %v24 : i32
        %v26 = arith.index_cast %v25 : i32 to index
        %at21 = memref.atomic_rmw addi %v7, %s4[%v26] : (i32, memref<8xi32, #gpu.address_space<workgroup>>) -> i32
      }
    }
    gpu.barrier
    %v28 = arith.muli %v1, %v27 : index
    %v29 = arith.addi %v28, %v8 : index
    %v30 = arith.cmpi ult, %v29, %v12 : index
    %v31 = arith.addi %v28, %v8 : index
    %v33 = arith.minui %v31, %v32 : index
    %v34 = memref.load %s4[%v33] : memref<8xi32, #gpu.address_space<workgroup>>
    %v35 = arith.select %v30, %v34, %v6 : i32
    %v36 = arith.addi %v6, %v35 : i32
    memref.store %v36, %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v37 = arith.cmpi uge, %v1, %v27 : index
    %v38 = arith.subi %v1, %v27 : index
    %v39 = arith.select %v37, %v38, %v8 : index
    %v40 = memref.load %s5[%v39] : memref<128xi32, #gpu.address_space<workgroup>>
    %v41 = arith.select %v37, %v40, %v6 : i32
    %v42 = memref.load %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v43 = arith.addi %v42, %v41 : i32
    memref.store %v43, %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v45 = arith.cmpi uge, %v1, %v44 : index
    %v46 = arith.subi %v1, %v44 : index
    %v47 = arith.select %v45, %v46, %v8 : index
    %v48 = memref.load %s5[%v47] : memref<128xi32, #gpu.address_space<workgroup>>
    %v49 = arith.select %v45, %v48, %v6 : i32
    %v50 = memref.load %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v51 = arith.addi %v50, %v49 : i32
    memref.store %v51, %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v53 = arith.cmpi uge, %v1, %v52 : index
    %v54 = arith.subi %v1, %v52 : index
    %v55 = arith.select %v53, %v54, %v8 : index
    %v56 = memref.load %s5[%v55] : memref<128xi32, #gpu.address_space<workgroup>>
    %v57 = arith.select %v53, %v56, %v6 : i32
    %v58 = memref.load %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v59 = arith.addi %v58, %v57 : i32
    memref.store %v59, %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v60 = arith.cmpi uge, %v1, %v12 : index
    %v61 = arith.subi %v1, %v12 : index
    %v62 = arith.select %v60, %v61, %v8 : index
    %v63 = memref.load %s5[%v62] : memref<128xi32, #gpu.address_space<workgroup>>
    %v64 = arith.select %v60, %v63, %v6 : i32
    %v65 = memref.load %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v66 = arith.addi %v65, %v64 : i32
    memref.store %v66, %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v68 = arith.cmpi uge, %v1, %v67 : index
    %v69 = arith.subi %v1, %v67 : index
    %v70 = arith.select %v68, %v69, %v8 : index
    %v71 = memref.load %s5[%v70] : memref<128xi32, #gpu.address_space<workgroup>>
    %v72 = arith.select %v68, %v71, %v6 : i32
    %v73 = memref.load %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v74 = arith.addi %v73, %v72 : i32
    memref.store %v74, %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v76 = arith.cmpi uge, %v1, %v75 : index
    %v77 = arith.subi %v1, %v75 : index
    %v78 = arith.select %v76, %v77, %v8 : index
    %v79 = memref.load %s5[%v78] : memref<128xi32, #gpu.address_space<workgroup>>
    %v80 = arith.select %v76, %v79, %v6 : i32
    %v81 = memref.load %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v82 = arith.addi %v81, %v80 : i32
    memref.store %v82, %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v84 = arith.cmpi uge, %v1, %v83 : index
    %v85 = arith.subi %v1, %v83 : index
    %v86 = arith.select %v84, %v85, %v8 : index
    %v87 = memref.load %s5[%v86] : memref<128xi32, #gpu.address_space<workgroup>>
    %v88 = arith.select %v84, %v87, %v6 : i32
    %v89 = memref.load %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v90 = arith.addi %v89, %v88 : i32
    memref.store %v90, %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    gpu.barrier
    %v91 = memref.load %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
    %v92 = arith.subi %v91, %v36 : i32
    %v93 = arith.addi %v28, %v8 : index
    %v94 = arith.minui %v93, %v32 : index
    %v95 = memref.load %s4[%v94] : memref<8xi32, #gpu.address_space<workgroup>>
    %v96 = arith.addi %v28, %v8 : index
    %v97 = arith.cmpi ult, %v96, %v12 : index
    scf.if %v97 {
      %v98 = arith.addi %v28, %v8 : index
      memref.store %v92, %s4[%v98] : memref<8xi32, #gpu.address_space<workgroup>>
      %v99 = arith.addi %v28, %v8 : index
      memref.store %v92, %offs[%v99] : memref<9xi32, #gpu.address_space<global>>
    }
    %v100 = arith.addi %v92, %v95 : i32
    %v101 = arith.cmpi eq, %v1, %v8 : index
    scf.if %v101 {
      %v102 = arith.index_cast %v3 : index to i32
      memref.store %v102, %offs[%v12] : memref<9xi32, #gpu.address_space<global>>
    }
    gpu.barrier
    scf.for %v103 = %v8 to %v17 step %v9 {
      %v104 = arith.addi %v103, %v1 : index
      %v105 = arith.cmpi ult, %v104, %v3 : index
      %v106 = arith.subi %v3, %v27 : index
      %v107 = arith.minui %v104, %v106 : index
      %v108 = memref.load %choice[%v107] : memref<?xi32, #gpu.address_space<global>>
      %v109 = arith.maxsi %v108, %v6 : i32
      %v110 = arith.minsi %v109, %v24 : i32
      %v112 = arith.select %v105, %v110, %v111 : i32
      memref.store %v112, %s5[%v1] : memref<128xi32, #gpu.address_space<workgroup>>
      gpu.barrier
      %r116:2 = scf.for %v113 = %v8 to %v9 step %v27 iter_args(%v114 = %v6, %v115 = %v6) -> (i32, i32) {
        %v117 = memref.load %s5[%v113] : memref<128xi32, #gpu.address_space<workgroup>>
        %v118 = arith.cmpi eq, %v117, %v112 : i32
        %v119 = arith.cmpi ult, %v113, %v1 : index
        %v120 = arith.cmpi ugt, %v113, %v1 : index
        %v121 = arith.andi %v118, %v119 : i1
        %v122 = arith.select %v121, %v7, %v6 : i32
        %v123 = arith.addi %v114, %v122 : i32
        %v124 = arith.andi %v118, %v120 : i1
        %v125 = arith.select %v124, %v7, %v6 : i32
        %v126 = arith.addi %v115, %v125 : i32
        scf.yield %v123, %v126 : i32, i32
      }
      %v127 = arith.maxsi %v112, %v6 : i32
      %v128 = arith.index_cast %v127 : i32 to index
      %v129 = memref.load %s4[%v128] : memref<8xi32, #gpu.address_space<workgroup>>
      %v130 = arith.addi %v129, %r116#0 : i32
      scf.if %v105 {
        %v131 = arith.index_cast %v104 : index to i32
        %v132 = arith.index_cast %v130 : i32 to index
        memref.store %v131, %rows[%v132] : memref<?xi32, #gpu.address_space<global>>
        memref.store %v130, %pos[%v104] : memref<?xi32, #gpu.address_space<global>>
      }
      gpu.barrier
      %v133 = arith.cmpi eq, %r116#1, %v6 : i32
      %v134 = arith.andi %v105, %v133 : i1
      scf.if %v134 {
        %v135 = arith.addi %v130, %v7 : i32
        memref.store %v135, %s4[%v128] : memref<8xi32, #gpu.address_space<workgroup>>
      }
      gpu.barrier
    }
    gpu.return
  }
}
