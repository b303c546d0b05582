// y[dest] = relu(x[rows]·w[m] + b[m]) of 3 members, 20 wide to 40, in tiles of
// 32×32 in shared memory, 16 deep, 4×4 elements an invocation. The tile of a group
// is found from the first positions of the members (`offs`): the grid is
// (2, ⌊R/32⌋ + 3). No size is a multiple of its tile.
gpu.module @kernels {
  gpu.func @grouped(%x: memref<?x20xf32, #gpu.address_space<global>>, %w: memref<3x20x40xf32, #gpu.address_space<global>>, %b: memref<3x40xf32, #gpu.address_space<global>>, %offs: memref<4xi32, #gpu.address_space<global>>, %rows: memref<?xi32, #gpu.address_space<global>>, %dest: memref<?xi32, #gpu.address_space<global>>, %y: memref<?x40xf32, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %v4 = arith.constant 8 : index
    %v7 = arith.constant 0 : index
    %v8 = arith.constant 2 : index
    %v10 = arith.constant 3 : index
    %v15 = arith.constant 32 : index
    %v21 = arith.constant 1 : index
    %s42 = memref.alloc() : memref<512xf32, #gpu.address_space<workgroup>>
    %s43 = memref.alloc() : memref<512xf32, #gpu.address_space<workgroup>>
    %v47 = arith.constant 16 : index
    %v56 = arith.constant 64 : index
    %v66 = arith.constant 128 : index
    %v76 = arith.constant 192 : index
    %v86 = arith.constant 256 : index
    %v96 = arith.constant 320 : index
    %v106 = arith.constant 384 : index
    %v116 = arith.constant 448 : index
    %v126 = arith.constant 0.00000000000000000e+00 : f32
    %v127 = arith.constant 4 : index
    %v131 = arith.constant 39 : index
    %v168 = arith.constant 19 : index
    %v171 = arith.constant 20 : index
    %v398 = arith.constant 40 : index
    %v1 = gpu.thread_id x
    %v2 = gpu.block_id x
    %v3 = gpu.block_id y
    %v5 = arith.remui %v1, %v4 : index
    %v6 = arith.divui %v1, %v4 : index
    %v9 = arith.addi %v7, %v8 : index
    %v11 = arith.cmpi ult, %v9, %v10 : index
    %v12 = arith.minui %v9, %v8 : index
    %v13 = memref.load %offs[%v12] : memref<4xi32, #gpu.address_space<global>>
    %v14 = arith.index_cast %v13 : i32 to index
    %v16 = arith.divui %v14, %v15 : index
    %v17 = arith.addi %v16, %v12 : index
    %v18 = arith.cmpi ule, %v17, %v3 : index
    %v19 = arith.andi %v11, %v18 : i1
    %v20 = arith.select %v19, %v9, %v7 : index
    %v22 = arith.addi %v20, %v21 : index
    %v23 = arith.cmpi ult, %v22, %v10 : index
    %v24 = arith.minui %v22, %v8 : index
    %v25 = memref.load %offs[%v24] : memref<4xi32, #gpu.address_space<global>>
    %v26 = arith.index_cast %v25 : i32 to index
    %v27 = arith.divui %v26, %v15 : index
    %v28 = arith.addi %v27, %v24 : index
    %v29 = arith.cmpi ule, %v28, %v3 : index
    %v30 = arith.andi %v23, %v29 : i1
    %v31 = arith.select %v30, %v22, %v20 : index
    %v32 = memref.load %offs[%v31] : memref<4xi32, #gpu.address_space<global>>
    %v33 = arith.index_cast %v32 : i32 to index
    %v34 = arith.addi %v31, %v21 : index
    %v35 = memref.load %offs[%v34] : memref<4xi32, #gpu.address_space<global>>
    %v36 = arith.index_cast %v35 : i32 to index
    %v37 = arith.divui %v33, %v15 : index
    %v38 = arith.addi %v37, %v31 : index
    %v39 = arith.subi %v3, %v38 : index
    %v40 = arith.muli %v39, %v15 : index
    %v41 = arith.addi %v33, %v40 : index
    %v44 = arith.muli %v2, %v15 : index
    %v45 = arith.cmpi ult, %v41, %v36 : index
    scf.if %v45 {
      %v46 = arith.addi %v1, %v7 : index
      %v48 = arith.divui %v46, %v47 : index
      %v49 = arith.remui %v46, %v47 : index
      %v50 = arith.addi %v41, %v48 : index
      %v51 = arith.cmpi ult, %v50, %v36 : index
      %v52 = arith.subi %v36, %v21 : index
      %v53 = arith.minui %v50, %v52 : index
      %v54 = memref.load %rows[%v53] : memref<?xi32, #gpu.address_space<global>>
      %v55 = arith.index_cast %v54 : i32 to index
      %v57 = arith.addi %v1, %v56 : index
      %v58 = arith.divui %v57, %v47 : index
      %v59 = arith.remui %v57, %v47 : index
      %v60 = arith.addi %v41, %v58 : index
      %v61 = arith.cmpi ult, %v60, %v36 : index
      %v62 = arith.subi %v36, %v21 : index
      %v63 = arith.minui %v60, %v62 : index
      %v64 = memref.load %rows[%v63] : memref<?xi32, #gpu.address_space<global>>
      %v65 = arith.index_cast %v64 : i32 to index
      %v67 = arith.addi %v1, %v66 : index
      %v68 = arith.divui %v67, %v47 : index
      %v69 = arith.remui %v67, %v47 : index
      %v70 = arith.addi %v41, %v68 : index
      %v71 = arith.cmpi ult, %v70, %v36 : index
      %v72 = arith.subi %v36, %v21 : index
      %v73 = arith.minui %v70, %v72 : index
      %v74 = memref.load %rows[%v73] : memref<?xi32, #gpu.address_space<global>>
      %v75 = arith.index_cast %v74 : i32 to index
      %v77 = arith.addi %v1, %v76 : index
      %v78 = arith.divui %v77, %v47 : index
      %v79 = arith.remui %v77, %v47 : index
      %v80 = arith.addi %v41, %v78 : index
      %v81 = arith.cmpi ult, %v80, %v36 : index
      %v82 = arith.subi %v36, %v21 : index
      %v83 = arith.minui %v80, %v82 : index
      %v84 = memref.load %rows[%v83] : memref<?xi32, #gpu.address_space<global>>
      %v85 = arith.index_cast %v84 : i32 to index
      %v87 = arith.addi %v1, %v86 : index
      %v88 = arith.divui %v87, %v47 : index
      %v89 = arith.remui %v87, %v47 : index
      %v90 = arith.addi %v41, %v88 : index
      %v91 = arith.cmpi ult, %v90, %v36 : index
      %v92 = arith.subi %v36, %v21 : index
      %v93 = arith.minui %v90, %v92 : index
      %v94 = memref.load %rows[%v93] : memref<?xi32, #gpu.address_space<global>>
      %v95 = arith.index_cast %v94 : i32 to index
      %v97 = arith.addi %v1, %v96 : index
      %v98 = arith.divui %v97, %v47 : index
      %v99 = arith.remui %v97, %v47 : index
      %v100 = arith.addi %v41, %v98 : index
      %v101 = arith.cmpi ult, %v100, %v36 : index
      %v102 = arith.subi %v36, %v21 : index
      %v103 = arith.minui %v100, %v102 : index
      %v104 = memref.load %rows[%v103] : memref<?xi32, #gpu.address_space<global>>
      %v105 = arith.index_cast %v104 : i32 to index
      %v107 = arith.addi %v1, %v106 : index
      %v108 = arith.divui %v107, %v47 : index
      %v109 = arith.remui %v107, %v47 : index
      %v110 = arith.addi %v41, %v108 : index
      %v111 = arith.cmpi ult, %v110, %v36 : index
      %v112 = arith.subi %v36, %v21 : index
      %v113 = arith.minui %v110, %v112 : index
      %v114 = memref.load %rows[%v113] : memref<?xi32, #gpu.address_space<global>>
      %v115 = arith.index_cast %v114 : i32 to index
      %v117 = arith.addi %v1, %v116 : index
      %v118 = arith.divui %v117, %v47 : index
      %v119 = arith.remui %v117, %v47 : index
      %v120 = arith.addi %v41, %v118 : index
      %v121 = arith.cmpi ult, %v120, %v36 : index
      %v122 = arith.subi %v36, %v21 : index
      %v123 = arith.minui %v120, %v122 : index
      %v124 = memref.load %rows[%v123] : memref<?xi32, #gpu.address_space<global>>
      %v125 = arith.index_cast %v124 : i32 to index
      %v128 = arith.muli %v5, %v127 : index
      %v129 = arith.addi %v128, %v7 : index
      %v130 = arith.addi %v44, %v129 : index
      %v132 = arith.minui %v130, %v131 : index
      %v133 = memref.load %b[%v31, %v132] : memref<3x40xf32, #gpu.address_space<global>>
      %v134 = arith.muli %v5, %v127 : index
      %v135 = arith.addi %v134, %v21 : index
      %v136 = arith.addi %v44, %v135 : index
      %v137 = arith.minui %v136, %v131 : index
      %v138 = memref.load %b[%v31, %v137] : memref<3x40xf32, #gpu.address_space<global>>
      %v139 = arith.muli %v5, %v127 : index
      %v140 = arith.addi %v139, %v8 : index
      %v141 = arith.addi %v44, %v140 : index
      %v142 = arith.minui %v141, %v131 : index
      %v143 = memref.load %b[%v31, %v142] : memref<3x40xf32, #gpu.address_space<global>>
      %v144 = arith.muli %v5, %v127 : index
      %v145 = arith.addi %v144, %v10 : index
      %v146 = arith.addi %v44, %v145 : index
      %v147 = arith.minui %v146, %v131 : index
      %v148 = memref.load %b[%v31, %v147] : memref<3x40xf32, #gpu.address_space<global>>
      %r166:16 = scf.for %v149 = %v7 to %v15 step %v47 iter_args(%v150 = %v133, %v151 = %v138, %v152 = %v143, %v153 = %v148, %v154 = %v133, %v155 = %v138, %v156 = %v143, %v157 = %v148, %v158 = %v133, %v159 = %v138, %v160 = %v143, %v161 = %v148, %v162 = %v133, %v163 = %v138, %v164 = %v143, %v165 = %v148) -> (f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32) {
        %v167 = arith.addi %v149, %v49 : index
        %v169 = arith.minui %v167, %v168 : index
        %v170 = memref.load %x[%v55, %v169] : memref<?x20xf32, #gpu.address_space<global>>
        %v172 = arith.cmpi ult, %v167, %v171 : index
        %v173 = arith.andi %v51, %v172 : i1
        %v174 = arith.select %v173, %v170, %v126 : f32
        %v175 = arith.muli %v49, %v15 : index
        %v176 = arith.addi %v175, %v48 : index
        memref.store %v174, %s42[%v176] : memref<512xf32, #gpu.address_space<workgroup>>
        %v177 = arith.addi %v149, %v59 : index
        %v178 = arith.minui %v177, %v168 : index
        %v179 = memref.load %x[%v65, %v178] : memref<?x20xf32, #gpu.address_space<global>>
        %v180 = arith.cmpi ult, %v177, %v171 : index
        %v181 = arith.andi %v61, %v180 : i1
        %v182 = arith.select %v181, %v179, %v126 : f32
        %v183 = arith.muli %v59, %v15 : index
        %v184 = arith.addi %v183, %v58 : index
        memref.store %v182, %s42[%v184] : memref<512xf32, #gpu.address_space<workgroup>>
        %v185 = arith.addi %v149, %v69 : index
        %v186 = arith.minui %v185, %v168 : index
        %v187 = memref.load %x[%v75, %v186] : memref<?x20xf32, #gpu.address_space<global>>
        %v188 = arith.cmpi ult, %v185, %v171 : index
        %v189 = arith.andi %v71, %v188 : i1
        %v190 = arith.select %v189, %v187, %v126 : f32
        %v191 = arith.muli %v69, %v15 : index
        %v192 = arith.addi %v191, %v68 : index
        memref.store %v190, %s42[%v192] : memref<512xf32, #gpu.address_space<workgroup>>
        %v193 = arith.addi %v149, %v79 : index
        %v194 = arith.minui %v193, %v168 : index
        %v195 = memref.load %x[%v85, %v194] : memref<?x20xf32, #gpu.address_space<global>>
        %v196 = arith.cmpi ult, %v193, %v171 : index
        %v197 = arith.andi %v81, %v196 : i1
        %v198 = arith.select %v197, %v195, %v126 : f32
        %v199 = arith.muli %v79, %v15 : index
        %v200 = arith.addi %v199, %v78 : index
        memref.store %v198, %s42[%v200] : memref<512xf32, #gpu.address_space<workgroup>>
        %v201 = arith.addi %v149, %v89 : index
        %v202 = arith.minui %v201, %v168 : index
        %v203 = memref.load %x[%v95, %v202] : memref<?x20xf32, #gpu.address_space<global>>
        %v204 = arith.cmpi ult, %v201, %v171 : index
        %v205 = arith.andi %v91, %v204 : i1
        %v206 = arith.select %v205, %v203, %v126 : f32
        %v207 = arith.muli %v89, %v15 : index
        %v208 = arith.addi %v207, %v88 : index
        memref.store %v206, %s42[%v208] : memref<512xf32, #gpu.address_space<workgroup>>
        %v209 = arith.addi %v149, %v99 : index
        %v210 = arith.minui %v209, %v168 : index
        %v211 = memref.load %x[%v105, %v210] : memref<?x20xf32, #gpu.address_space<global>>
        %v212 = arith.cmpi ult, %v209, %v171 : index
        %v213 = arith.andi %v101, %v212 : i1
        %v214 = arith.select %v213, %v211, %v126 : f32
        %v215 = arith.muli %v99, %v15 : index
        %v216 = arith.addi %v215, %v98 : index
        memref.store %v214, %s42[%v216] : memref<512xf32, #gpu.address_space<workgroup>>
        %v217 = arith.addi %v149, %v109 : index
        %v218 = arith.minui %v217, %v168 : index
        %v219 = memref.load %x[%v115, %v218] : memref<?x20xf32, #gpu.address_space<global>>
        %v220 = arith.cmpi ult, %v217, %v171 : index
        %v221 = arith.andi %v111, %v220 : i1
        %v222 = arith.select %v221, %v219, %v126 : f32
        %v223 = arith.muli %v109, %v15 : index
        %v224 = arith.addi %v223, %v108 : index
        memref.store %v222, %s42[%v224] : memref<512xf32, #gpu.address_space<workgroup>>
        %v225 = arith.addi %v149, %v119 : index
        %v226 = arith.minui %v225, %v168 : index
        %v227 = memref.load %x[%v125, %v226] : memref<?x20xf32, #gpu.address_space<global>>
        %v228 = arith.cmpi ult, %v225, %v171 : index
        %v229 = arith.andi %v121, %v228 : i1
        %v230 = arith.select %v229, %v227, %v126 : f32
        %v231 = arith.muli %v119, %v15 : index
        %v232 = arith.addi %v231, %v118 : index
        memref.store %v230, %s42[%v232] : memref<512xf32, #gpu.address_space<workgroup>>
        %v233 = arith.addi %v1, %v7 : index
        %v234 = arith.divui %v233, %v15 : index
        %v235 = arith.remui %v233, %v15 : index
        %v236 = arith.addi %v149, %v234 : index
        %v237 = arith.addi %v44, %v235 : index
        %v238 = arith.minui %v236, %v168 : index
        %v239 = arith.minui %v237, %v131 : index
        %v240 = memref.load %w[%v31, %v238, %v239] : memref<3x20x40xf32, #gpu.address_space<global>>
        %v241 = arith.cmpi ult, %v236, %v171 : index
        %v242 = arith.select %v241, %v240, %v126 : f32
        memref.store %v242, %s43[%v233] : memref<512xf32, #gpu.address_space<workgroup>>
        %v243 = arith.addi %v1, %v56 : index
        %v244 = arith.divui %v243, %v15 : index
        %v245 = arith.remui %v243, %v15 : index
        %v246 = arith.addi %v149, %v244 : index
        %v247 = arith.addi %v44, %v245 : index
        %v248 = arith.minui %v246, %v168 : index
        %v249 = arith.minui %v247, %v131 : index
        %v250 = memref.load %w[%v31, %v248, %v249] : memref<3x20x40xf32, #gpu.address_space<global>>
        %v251 = arith.cmpi ult, %v246, %v171 : index
        %v252 = arith.select %v251, %v250, %v126 : f32
        memref.store %v252, %s43[%v243] : memref<512xf32, #gpu.address_space<workgroup>>
        %v253 = arith.addi %v1, %v66 : index
        %v254 = arith.divui %v253, %v15 : index
        %v255 = arith.remui %v253, %v15 : index
        %v256 = arith.addi %v149, %v254 : index
        %v257 = arith.addi %v44, %v255 : index
        %v258 = arith.minui %v256, %v168 : index
        %v259 = arith.minui %v257, %v131 : index
        %v260 = memref.load %w[%v31, %v258, %v259] : memref<3x20x40xf32, #gpu.address_space<global>>
        %v261 = arith.cmpi ult, %v256, %v171 : index
        %v262 = arith.select %v261, %v260, %v126 : f32
        memref.store %v262, %s43[%v253] : memref<512xf32, #gpu.address_space<workgroup>>
        %v263 = arith.addi %v1, %v76 : index
        %v264 = arith.divui %v263, %v15 : index
        %v265 = arith.remui %v263, %v15 : index
        %v266 = arith.addi %v149, %v264 : index
        %v267 = arith.addi %v44, %v265 : index
        %v268 = arith.minui %v266, %v168 : index
        %v269 = arith.minui %v267, %v131 : index
        %v270 = memref.load %w[%v31, %v268, %v269] : memref<3x20x40xf32, #gpu.address_space<global>>
        %v271 = arith.cmpi ult, %v266, %v171 : index
        %v272 = arith.select %v271, %v270, %v126 : f32
        memref.store %v272, %s43[%v263] : memref<512xf32, #gpu.address_space<workgroup>>
        %v273 = arith.addi %v1, %v86 : index
        %v274 = arith.divui %v273, %v15 : index
        %v275 = arith.remui %v273, %v15 : index
        %v276 = arith.addi %v149, %v274 : index
        %v277 = arith.addi %v44, %v275 : index
        %v278 = arith.minui %v276, %v168 : index
        %v279 = arith.minui %v277, %v131 : index
        %v280 = memref.load %w[%v31, %v278, %v279] : memref<3x20x40xf32, #gpu.address_space<global>>
        %v281 = arith.cmpi ult, %v276, %v171 : index
        %v282 = arith.select %v281, %v280, %v126 : f32
        memref.store %v282, %s43[%v273] : memref<512xf32, #gpu.address_space<workgroup>>
        %v283 = arith.addi %v1, %v96 : index
        %v284 = arith.divui %v283, %v15 : index
        %v285 = arith.remui %v283, %v15 : index
        %v286 = arith.addi %v149, %v284 : index
        %v287 = arith.addi %v44, %v285 : index
        %v288 = arith.minui %v286, %v168 : index
        %v289 = arith.minui %v287, %v131 : index
        %v290 = memref.load %w[%v31, %v288, %v289] : memref<3x20x40xf32, #gpu.address_space<global>>
        %v291 = arith.cmpi ult, %v286, %v171 : index
        %v292 = arith.select %v291, %v290, %v126 : f32
        memref.store %v292, %s43[%v283] : memref<512xf32, #gpu.address_space<workgroup>>
        %v293 = arith.addi %v1, %v106 : index
        %v294 = arith.divui %v293, %v15 : index
        %v295 = arith.remui %v293, %v15 : index
        %v296 = arith.addi %v149, %v294 : index
        %v297 = arith.addi %v44, %v295 : index
        %v298 = arith.minui %v296, %v168 : index
        %v299 = arith.minui %v297, %v131 : index
        %v300 = memref.load %w[%v31, %v298, %v299] : memref<3x20x40xf32, #gpu.address_space<global>>
        %v301 = arith.cmpi ult, %v296, %v171 : index
        %v302 = arith.select %v301, %v300, %v126 : f32
        memref.store %v302, %s43[%v293] : memref<512xf32, #gpu.address_space<workgroup>>
        %v303 = arith.addi %v1, %v116 : index
        %v304 = arith.divui %v303, %v15 : index
        %v305 = arith.remui %v303, %v15 : index
        %v306 = arith.addi %v149, %v304 : index
        %v307 = arith.addi %v44, %v305 : index
        %v308 = arith.minui %v306, %v168 : index
        %v309 = arith.minui %v307, %v131 : index
        %v310 = memref.load %w[%v31, %v308, %v309] : memref<3x20x40xf32, #gpu.address_space<global>>
        %v311 = arith.cmpi ult, %v306, %v171 : index
        %v312 = arith.select %v311, %v310, %v126 : f32
        memref.store %v312, %s43[%v303] : memref<512xf32, #gpu.address_space<workgroup>>
        gpu.barrier
        %r330:16 = scf.for %v313 = %v7 to %v47 step %v21 iter_args(%v314 = %v150, %v315 = %v151, %v316 = %v152, %v317 = %v153, %v318 = %v154, %v319 = %v155, %v320 = %v156, %v321 = %v157, %v322 = %v158, %v323 = %v159, %v324 = %v160, %v325 = %v161, %v326 = %v162, %v327 = %v163, %v328 = %v164, %v329 = %v165) -> (f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32) {
          %v331 = arith.muli %v313, %v15 : index
          %v332 = arith.muli %v6, %v127 : index
          %v333 = arith.addi %v332, %v7 : index
          %v334 = arith.addi %v331, %v333 : index
          %v335 = memref.load %s42[%v334] : memref<512xf32, #gpu.address_space<workgroup>>
          %v336 = arith.muli %v313, %v15 : index
          %v337 = arith.muli %v6, %v127 : index
          %v338 = arith.addi %v337, %v21 : index
          %v339 = arith.addi %v336, %v338 : index
          %v340 = memref.load %s42[%v339] : memref<512xf32, #gpu.address_space<workgroup>>
          %v341 = arith.muli %v313, %v15 : index
          %v342 = arith.muli %v6, %v127 : index
          %v343 = arith.addi %v342, %v8 : index
          %v344 = arith.addi %v341, %v343 : index
          %v345 = memref.load %s42[%v344] : memref<512xf32, #gpu.address_space<workgroup>>
          %v346 = arith.muli %v313, %v15 : index
          %v347 = arith.muli %v6, %v127 : index
          %v348 = arith.addi %v347, %v10 : index
          %v349 = arith.addi %v346, %v348 : index
          %v350 = memref.load %s42[%v349] : memref<512xf32, #gpu.address_space<workgroup>>
          %v351 = arith.muli %v313, %v15 : index
          %v352 = arith.muli %v5, %v127 : index
          %v353 = arith.addi %v352, %v7 : index
          %v354 = arith.addi %v351, %v353 : index
          %v355 = memref.load %s43[%v354] : memref<512xf32, #gpu.address_space<workgroup>>
          %v356 = arith.muli %v313, %v15 : index
          %v357 = arith.muli %v5, %v127 : index
          %v358 = arith.addi %v357, %v21 : index
          %v359 = arith.addi %v356, %v358 : index
          %v360 = memref.load %s43[%v359] : memref<512xf32, #gpu.address_space<workgroup>>
          %v361 = arith.muli %v313, %v15 : index
          %v362 = arith.muli %v5, %v127 : index
          %v363 = arith.addi %v362, %v8 : index
          %v364 = arith.addi %v361, %v363 : index
          %v365 = memref.load %s43[%v364] : memref<512xf32, #gpu.address_space<workgroup>>
          %v366 = arith.muli %v313, %v15 : index
          %v367 = arith.muli %v5, %v127 : index
          %v368 = arith.addi %v367, %v10 : index
          %v369 = arith.addi %v366, %v368 : index
          %v370 = memref.load %s43[%v369] : memref<512xf32, #gpu.address_space<workgroup>>
          %v371 = math.fma %v335, %v355, %v314 : f32
          %v372 = math.fma %v335, %v360, %v315 : f32
          %v373 = math.fma %v335, %v365, %v316 : f32
          %v374 = math.fma %v335, %v370, %v317 : f32
          %v375 = math.fma %v340, %v355, %v318 : f32
          %v376 = math.fma %v340, %v360, %v319 : f32
          %v377 = math.fma %v340, %v365, %v320 : f32
          %v378 = math.fma %v340, %v370, %v321 : f32
          %v379 = math.fma %v345, %v355, %v322 : f32
          %v380 = math.fma %v345, %v360, %v323 : f32
          %v381 = math.fma %v345, %v365, %v324 : f32
          %v382 = math.fma %v345, %v370, %v325 : f32
          %v383 = math.fma %v350, %v355, %v326 : f32
          %v384 = math.fma %v350, %v360, %v327 : f32
          %v385 = math.fma %v350, %v365, %v328 : f32
          %v386 = math.fma %v350, %v370, %v329 : f32
          scf.yield %v371, %v372, %v373, %v374, %v375, %v376, %v377, %v378, %v379, %v380, %v381, %v382, %v383, %v384, %v385, %v386 : f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32
        }
        gpu.barrier
        scf.yield %r330#0, %r330#1, %r330#2, %r330#3, %r330#4, %r330#5, %r330#6, %r330#7, %r330#8, %r330#9, %r330#10, %r330#11, %r330#12, %r330#13, %r330#14, %r330#15 : f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32
      }
      %v387 = arith.muli %v6, %v127 : index
      %v388 = arith.addi %v387, %v7 : index
      %v389 = arith.addi %v41, %v388 : index
      %v390 = arith.cmpi ult, %v389, %v36 : index
      scf.if %v390 {
        %v391 = memref.load %dest[%v389] : memref<?xi32, #gpu.address_space<global>>
        %v392 = arith.index_cast %v391 : i32 to index
        %v393 = arith.cmpf ogt, %r166#0, %v126 : f32
        %v394 = arith.select %v393, %r166#0, %v126 : f32
        %v395 = arith.muli %v5, %v127 : index
        %v396 = arith.addi %v395, %v7 : index
        %v397 = arith.addi %v44, %v396 : index
        %v399 = arith.cmpi ult, %v397, %v398 : index
        scf.if %v399 {
          memref.store %v394, %y[%v392, %v397] : memref<?x40xf32, #gpu.address_space<global>>
        }
        %v400 = arith.cmpf ogt, %r166#1, %v126 : f32
        %v401 = arith.select %v400, %r166#1, %v126 : f32
        %v402 = arith.muli %v5, %v127 : index
        %v403 = arith.addi %v402, %v21 : index
        %v404 = arith.addi %v44, %v403 : index
        %v405 = arith.cmpi ult, %v404, %v398 : index
        scf.if %v405 {
          memref.store %v401, %y[%v392, %v404] : memref<?x40xf32, #gpu.address_space<global>>
        }
        %v406 = arith.cmpf ogt, %r166#2, %v126 : f32
        %v407 = arith.select %v406, %r166#2, %v126 : f32
        %v408 = arith.muli %v5, %v127 : index
        %v409 = arith.addi %v408, %v8 : index
        %v410 = arith.addi %v44, %v409 : index
        %v411 = arith.cmpi ult, %v410, %v398 : index
        scf.if %v411 {
          memref.store %v407, %y[%v392, %v410] : memref<?x40xf32, #gpu.address_space<global>>
        }
        %v412 = arith.cmpf ogt, %r166#3, %v126 : f32
        %v413 = arith.select %v412, %r166#3, %v126 : f32
        %v414 = arith.muli %v5, %v127 : index
        %v415 = arith.addi %v414, %v10 : index
        %v416 = arith.addi %v44, %v415 : index
        %v417 = arith.cmpi ult, %v416, %v398 : index
        scf.if %v417 {
          memref.store %v413, %y[%v392, %v416] : memref<?x40xf32, #gpu.address_space<global>>
        }
      }
      %v418 = arith.muli %v6, %v127 : index
      %v419 = arith.addi %v418, %v21 : index
      %v420 = arith.addi %v41, %v419 : index
      %v421 = arith.cmpi ult, %v420, %v36 : index
      scf.if %v421 {
        %v422 = memref.load %dest[%v420] : memref<?xi32, #gpu.address_space<global>>
        %v423 = arith.index_cast %v422 : i32 to index
        %v424 = arith.cmpf ogt, %r166#4, %v126 : f32
        %v425 = arith.select %v424, %r166#4, %v126 : f32
        %v426 = arith.muli %v5, %v127 : index
        %v427 = arith.addi %v426, %v7 : index
        %v428 = arith.addi %v44, %v427 : index
        %v429 = arith.cmpi ult, %v428, %v398 : index
        scf.if %v429 {
          memref.store %v425, %y[%v423, %v428] : memref<?x40xf32, #gpu.address_space<global>>
        }
        %v430 = arith.cmpf ogt, %r166#5, %v126 : f32
        %v431 = arith.select %v430, %r166#5, %v126 : f32
        %v432 = arith.muli %v5, %v127 : index
        %v433 = arith.addi %v432, %v21 : index
        %v434 = arith.addi %v44, %v433 : index
        %v435 = arith.cmpi ult, %v434, %v398 : index
        scf.if %v435 {
          memref.store %v431, %y[%v423, %v434] : memref<?x40xf32, #gpu.address_space<global>>
        }
        %v436 = arith.cmpf ogt, %r166#6, %v126 : f32
        %v437 = arith.select %v436, %r166#6, %v126 : f32
        %v438 = arith.muli %v5, %v127 : index
        %v439 = arith.addi %v438, %v8 : index
        %v440 = arith.addi %v44, %v439 : index
        %v441 = arith.cmpi ult, %v440, %v398 : index
        scf.if %v441 {
          memref.store %v437, %y[%v423, %v440] : memref<?x40xf32, #gpu.address_space<global>>
        }
        %v442 = arith.cmpf ogt, %r166#7, %v126 : f32
        %v443 = arith.select %v442, %r166#7, %v126 : f32
        %v444 = arith.muli %v5, %v127 : index
        %v445 = arith.addi %v444, %v10 : index
        %v446 = arith.addi %v44, %v445 : index
        %v447 = arith.cmpi ult, %v446, %v398 : index
        scf.if %v447 {
          memref.store %v443, %y[%v423, %v446] : memref<?x40xf32, #gpu.address_space<global>>
        }
      }
      %v448 = arith.muli %v6, %v127 : index
      %v449 = arith.addi %v448, %v8 : index
      %v450 = arith.addi %v41, %v449 : index
      %v451 = arith.cmpi ult, %v450, %v36 : index
      scf.if %v451 {
        %v452 = memref.load %dest[%v450] : memref<?xi32, #gpu.address_space<global>>
        %v453 = arith.index_cast %v452 : i32 to index
        %v454 = arith.cmpf ogt, %r166#8, %v126 : f32
        %v455 = arith.select %v454, %r166#8, %v126 : f32
        %v456 = arith.muli %v5, %v127 : index
        %v457 = arith.addi %v456, %v7 : index
        %v458 = arith.addi %v44, %v457 : index
        %v459 = arith.cmpi ult, %v458, %v398 : index
        scf.if %v459 {
          memref.store %v455, %y[%v453, %v458] : memref<?x40xf32, #gpu.address_space<global>>
        }
        %v460 = arith.cmpf ogt, %r166#9, %v126 : f32
        %v461 = arith.select %v460, %r166#9, %v126 : f32
        %v462 = arith.muli %v5, %v127 : index
        %v463 = arith.addi %v462, %v21 : index
        %v464 = arith.addi %v44, %v463 : index
        %v465 = arith.cmpi ult, %v464, %v398 : index
        scf.if %v465 {
          memref.store %v461, %y[%v453, %v464] : memref<?x40xf32, #gpu.address_space<global>>
        }
        %v466 = arith.cmpf ogt, %r166#10, %v126 : f32
        %v467 = arith.select %v466, %r166#10, %v126 : f32
        %v468 = arith.muli %v5, %v127 : index
        %v469 = arith.addi %v468, %v8 : index
        %v470 = arith.addi %v44, %v469 : index
        %v471 = arith.cmpi ult, %v470, %v398 : index
        scf.if %v471 {
          memref.store %v467, %y[%v453, %v470] : memref<?x40xf32, #gpu.address_space<global>>
        }
        %v472 = arith.cmpf ogt, %r166#11, %v126 : f32
        %v473 = arith.select %v472, %r166#11, %v126 : f32
        %v474 = arith.muli %v5, %v127 : index
        %v475 = arith.addi %v474, %v10 : index
        %v476 = arith.addi %v44, %v475 : index
        %v477 = arith.cmpi ult, %v476, %v398 : index
        scf.if %v477 {
          memref.store %v473, %y[%v453, %v476] : memref<?x40xf32, #gpu.address_space<global>>
        }
      }
      %v478 = arith.muli %v6, %v127 : index
      %v479 = arith.addi %v478, %v10 : index
      %v480 = arith.addi %v41, %v479 : index
      %v481 = arith.cmpi ult, %v480, %v36 : index
      scf.if %v481 {
        %v482 = memref.load %dest[%v480] : memref<?xi32, #gpu.address_space<global>>
        %v483 = arith.index_cast %v482 : i32 to index
        %v484 = arith.cmpf ogt, %r166#12, %v126 : f32
        %v485 = arith.select %v484, %r166#12, %v126 : f32
        %v486 = arith.muli %v5, %v127 : index
        %v487 = arith.addi %v486, %v7 : index
        %v488 = arith.addi %v44, %v487 : index
        %v489 = arith.cmpi ult, %v488, %v398 : index
        scf.if %v489 {
          memref.store %v485, %y[%v483, %v488] : memref<?x40xf32, #gpu.address_space<global>>
        }
        %v490 = arith.cmpf ogt, %r166#13, %v126 : f32
        %v491 = arith.select %v490, %r166#13, %v126 : f32
        %v492 = arith.muli %v5, %v127 : index
        %v493 = arith.addi %v492, %v21 : index
        %v494 = arith.addi %v44, %v493 : index
        %v495 = arith.cmpi ult, %v494, %v398 : index
        scf.if %v495 {
          memref.store %v491, %y[%v483, %v494] : memref<?x40xf32, #gpu.address_space<global>>
        }
        %v496 = arith.cmpf ogt, %r166#14, %v126 : f32
        %v497 = arith.select %v496, %r166#14, %v126 : f32
        %v498 = arith.muli %v5, %v127 : index
        %v499 = arith.addi %v498, %v8 : index
        %v500 = arith.addi %v44, %v499 : index
        %v501 = arith.cmpi ult, %v500, %v398 : index
        scf.if %v501 {
          memref.store %v497, %y[%v483, %v500] : memref<?x40xf32, #gpu.address_space<global>>
        }
        %v502 = arith.cmpf ogt, %r166#15, %v126 : f32
        %v503 = arith.select %v502, %r166#15, %v126 : f32
        %v504 = arith.muli %v5, %v127 : index
        %v505 = arith.addi %v504, %v10 : index
        %v506 = arith.addi %v44, %v505 : index
        %v507 = arith.cmpi ult, %v506, %v398 : index
        scf.if %v507 {
          memref.store %v503, %y[%v483, %v506] : memref<?x40xf32, #gpu.address_space<global>>
        }
      }
    }
    gpu.return
  }
}
